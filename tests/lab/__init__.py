"""The lab: a real Docker engine and a real registry, on this machine and on loopback addresses only.

Everything a lab starts lives in one folder, in one cgroup tree named after that folder, and behind one network
bridge named after it too. Bringing a lab down needs nothing but the folder's path, so it also works after the
engine was killed in the middle, and it never touches another engine of the same machine.
"""
