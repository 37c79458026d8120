# Sidecars on each node, in front of all allocations of a service: they share one table in Consul,
# so `sluice shift web v2=10%` at any of them moves the traffic of all.
job "sluice-edge" {
  datacenters = ["dc1"]
  type        = "system"

  update {
    max_parallel = 1
    stagger      = "30s"
  }

  group "edge" {
    network {
      port "http" {
        static = 8080
      }

      port "metrics" {
        static = 9181
      }
    }

    task "sluice" {
      driver = "docker"

      kill_timeout = "100s"
      kill_signal  = "SIGTERM"

      config {
        image        = "sluice:0.1.0"
        network_mode = "host"
        args         = ["run", "-c", "${NOMAD_TASK_DIR}/sluice.yaml"]
      }

      # Nomad logs in to Consul for the task, and gives it CONSUL_HTTP_TOKEN: since Nomad 1.8, where
      # its servers have an identity for tasks (consul.task_identity). The role that this becomes in
      # Consul needs examples/consul/policy.hcl. Without ACLs in Consul, leave it out.
      consul {}

      template {
        destination   = "local/sluice.yaml"
        change_mode   = "signal"
        change_signal = "SIGHUP"

        data = <<YAML
listeners: [{ bind: "0.0.0.0:8080" }]
control: { bind: "127.0.0.1:9180" }
metrics: { bind: "0.0.0.0:9181" }
store: { kind: consul, prefix: sluice }
consul: { address: http://127.0.0.1:8500 }
services:
  web:
    hosts: [web.example]
    versions:
      v1: { weight: 100, consul: { service: web, version: v1 } }
      v2: { weight: 0, consul: { service: web, version: v2 } }
YAML
      }

      resources {
        cpu    = 500
        memory = 256
      }
    }
  }
}
