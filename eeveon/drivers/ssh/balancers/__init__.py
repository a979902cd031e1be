"""HAProxy and nginx on hosts, as units of our own with configurations of our own.

On each host of a balancer lies `<root>/<project>/<environment>/balancers/<name>/`. What is in force there is one
folder, `current`, switched by one rename: a *skeleton* (all but the instances), one small file for each *backend*
in service, and the configuration that the host puts together of both. So instances come and go without the controller
knowing of the others, and what serves is read from the host. A new folder goes through three gates before a request
meets it: the balancer's own test, the rename, and the sight of new workers; the one before it is kept until then.
"""
