# A sidecar beside an application, in the same network namespace: callers reach it at the group's
# port, and it reaches the application at loopback. Two groups, one for each version, would be two
# services here; a sidecar that shifts between allocations is edge.nomad.hcl.
job "web" {
  datacenters = ["dc1"]

  group "web" {
    count = 2

    network {
      mode = "bridge"

      port "http" {
        to = 8080
      }

      port "metrics" {
        to = 9181
      }
    }

    service {
      name = "web"
      port = "http"

      meta {
        version = "v1"
      }

      check {
        type     = "http"
        port     = "metrics"
        path     = "/readyz"
        interval = "5s"
        timeout  = "2s"
      }
    }

    task "app" {
      driver = "docker"

      config {
        image = "example/web:1"
      }

      env {
        PORT = "3001"
      }
    }

    task "sluice" {
      driver = "docker"

      # It starts before the application, and ends after it.
      lifecycle {
        hook    = "prestart"
        sidecar = true
      }

      # drain: acceptFor 5s, hard 90s, and some.
      kill_timeout = "100s"
      kill_signal  = "SIGTERM"

      config {
        image = "sluice:0.1.0"
        args  = ["run", "-c", "${NOMAD_TASK_DIR}/sluice.yaml"]
      }

      template {
        destination   = "local/sluice.yaml"
        change_mode   = "signal"
        change_signal = "SIGHUP"

        data = <<YAML
listeners: [{ bind: "0.0.0.0:8080", service: web }]
control: { bind: "127.0.0.1:9180" }
metrics: { bind: "0.0.0.0:9181" }
services:
  web:
    healthCheck: { path: / }
    versions: { v1: { endpoints: ["127.0.0.1:3001"] } }
YAML
      }

      resources {
        cpu    = 200
        memory = 192
      }
    }
  }
}
