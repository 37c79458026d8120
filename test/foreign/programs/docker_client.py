"""docker_client.py URL: runs a command in a container by the docker package, and prints its output."""
import sys

import docker

client = docker.APIClient(base_url=sys.argv[1], version="auto")
print(client.exec_start(client.exec_create("box", "true")).decode(), end="")
