# Two versions of a service on this node: /etc/consul.d/web.hcl. Sluice tells them apart by
# Meta.version.
services {
  id      = "web-v1"
  name    = "web"
  address = "127.0.0.1"
  port    = 3001
  meta    = { version = "v1" }
  checks  = [{ http = "http://127.0.0.1:3001/", interval = "5s", timeout = "2s" }]
}

services {
  id      = "web-v2"
  name    = "web"
  address = "127.0.0.1"
  port    = 3002
  meta    = { version = "v2" }
  checks  = [{ http = "http://127.0.0.1:3002/", interval = "5s", timeout = "2s" }]
}
