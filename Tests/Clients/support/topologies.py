"""Redis as more than one server: a primary with a replica that sentinels watch, and a cluster of primaries.

Each has the `url`, `client`, `stop` of `servers.RedisServer`, so that a service runs over it as over one server.
"""

from pathlib import Path

import redis

from .processes import Process, eventually, free_port
from .servers import RedisServer


class _Node(RedisServer):
    """A server with options of its own."""

    def __init__(self, folder: Path, *options):
        self._options = options
        super().__init__(folder)

    def start(self, wait=True):
        self.process = Process(
            "redis",
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", "",
             "--appendonly", "yes", "--stream-node-max-bytes", "1024", "--repl-diskless-sync-delay", "0", *self._options],
            self.folder.parent / f"redis-{self.port}.log")
        if wait:
            eventually(lambda: self.client().ping(), what="Redis answers")


class Sentinels:
    """One primary, one replica, three sentinels. `fail_over` kills the primary."""

    name = "main"

    def __init__(self, folder: Path):
        folder.mkdir(parents=True)
        self.folder, self._sentinels = folder, []
        self.primary = _Node(folder / "primary")
        self.replica = _Node(folder / "replica", "--replicaof", "127.0.0.1", str(self.primary.port))
        eventually(lambda: self.replica.client().info("replication")["master_link_status"] == "up", what="the replica follows")
        for number in range(3):
            self._sentinels.append(self._sentinel(folder / f"sentinel-{number}.conf", number))
        for port, _ in self._sentinels:
            eventually(lambda: self._knows_all(port), what="the sentinels know each other and the replica")

    def _sentinel(self, file, number):
        port = free_port()
        file.write_text("\n".join([
            f"port {port}", "bind 127.0.0.1", f"dir {self.folder}",
            f"sentinel monitor {self.name} 127.0.0.1 {self.primary.port} 2",
            f"sentinel down-after-milliseconds {self.name} 700", f"sentinel failover-timeout {self.name} 5000"]) + "\n")
        return port, Process(f"sentinel-{number}", ["redis-server", str(file), "--sentinel"], file.with_suffix(".log"))

    def _knows_all(self, port):
        state = redis.Redis(port=port).sentinel_master(self.name)
        return state["num-slaves"] == 1 and state["num-other-sentinels"] == 2

    @property
    def url(self):
        return f"redis+sentinel://{','.join(f'127.0.0.1:{port}' for port, _ in self._sentinels)}/{self.name}"

    def client(self):
        """At whichever server is the primary now."""
        for server in (self.replica, self.primary):
            if server.process.is_up and server.client().role()[0] == b"master":
                return server.client()
        raise redis.ConnectionError("there is no primary now")

    def fail_over(self):
        self.primary.kill()

    def stop(self):
        for _, process in self._sentinels:
            process.stop()
        for server in (self.primary, self.replica):
            server.stop()


class Cluster:
    """Three primaries that share the slots evenly."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True)
        buses = [free_port() for _ in range(3)]
        self.nodes = [
            _Node(folder / f"node-{number}", "--cluster-enabled", "yes", "--cluster-port", str(bus),
                  "--cluster-node-timeout", "2000", "--cluster-require-full-coverage", "no")
            for number, bus in enumerate(buses)]
        for number, node in enumerate(self.nodes):
            first, last = 16384 * number // 3, 16384 * (number + 1) // 3 - 1
            node.client().execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
            node.client().execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for node, bus in zip(self.nodes[1:], buses[1:]):
            self.nodes[0].client().execute_command("CLUSTER", "MEET", "127.0.0.1", node.port, bus)
        for node in self.nodes:
            eventually(lambda: self._is_whole(node), what="the nodes agree")

    @staticmethod
    def _is_whole(node):
        info = node.client().execute_command("CLUSTER", "INFO")
        info = info if isinstance(info, dict) else dict(
            line.split(":") for line in info.decode().split("\r\n") if ":" in line)
        return info["cluster_state"] == "ok" and info["cluster_slots_ok"] == "16384" and info["cluster_known_nodes"] == "3"

    @property
    def url(self):
        return f"redis+cluster://127.0.0.1:{self.nodes[0].port},127.0.0.1:{self.nodes[1].port}"

    def client(self):
        return redis.RedisCluster(host="127.0.0.1", port=self.nodes[0].port, socket_timeout=30)

    def stop(self):
        for node in self.nodes:
            node.stop()
