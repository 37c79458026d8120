# The two versions by their names in the network of Compose; Sluice resolves them itself.
services {
  id      = "web-v1"
  name    = "web"
  address = "v1"
  port    = 3000
  meta    = { version = "v1" }
  checks  = [{ http = "http://v1:3000/", interval = "2s", timeout = "1s" }]
}

services {
  id      = "web-v2"
  name    = "web"
  address = "v2"
  port    = 3000
  meta    = { version = "v2" }
  checks  = [{ http = "http://v2:3000/", interval = "2s", timeout = "1s" }]
}
