"""The lab: a real Docker engine, a real registry and real Linux hosts, on this machine and reached by it only.

Everything an engine starts lives in one folder, in one cgroup tree named after that folder, and behind one network
bridge named after it too; hosts are containers of an engine of their own. Bringing a lab down needs nothing but the
folder's path, so it also works after the engine was killed in the middle, and it never touches another engine of the
same machine.
"""
