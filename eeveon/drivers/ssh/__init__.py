"""systemd units and code releases on Linux hosts, reached by SSH. Nothing of ours is installed on a host."""
