"""EEveon brings Linux hosts, Docker and Kubernetes to what the specs in Git say."""
