# What a sidecar's token may do: consul acl policy create -name sluice -rules @policy.hcl
# Leave out what you do not use.

# The table, the fleet, rollouts, ends of audit logs: store { kind: consul, prefix: sluice }
key_prefix "sluice/" {
  policy = "write"
}

# Who is in the fleet, and who leads rollouts
session_prefix "" {
  policy = "write"
}

# Endpoints
service_prefix "" {
  policy = "read"
}

node_prefix "" {
  policy = "read"
}

# register: { service: web-proxy }
service "web-proxy" {
  policy = "write"
}
