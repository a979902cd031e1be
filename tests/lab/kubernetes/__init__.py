"""A Kubernetes API server that answers as a real one does, without a cluster behind it.

It speaks HTTPS on loopback and keeps everything in memory. What it answers is pinned by recordings of
kube-apiserver 1.36.2, which `test_recorded.py` plays against it; a real kubectl works on it too. Its controllers roll
Deployments, fail Pods and collect garbage as the real ones do, at a pace that a test chooses. What happens to a Pod is
said by the name of its image: see `controllers/kubelet.py`.
"""
