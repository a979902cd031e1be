"""Objects of Kubernetes, as a cluster answers them or as people wrote them."""
