# make_pods.py PREFIX FIRST COUNT born|moved: pods, in the namespace that it is started in; prints the milliseconds that
# they took, without Python's start. `moved` is the way of pyroute2's documentation: a pair is made here, and one end goes
# to its namespace. `born` is the kernel's fastest recipe, as far as pyroute2 can say it.
import sys
import time

from pyroute2 import IPRoute, NetNS, netns


def mac_of(n):
    return '02:00:00:%02x:%02x:%02x' % (n >> 16 & 255, n >> 8 & 255, n & 255)


def plumb(inside):
    inside.link('set', index=1, state='up')
    eth0 = inside.link_lookup(ifname='eth0')[0]
    inside.link('set', index=eth0, state='up')
    inside.addr('add', index=eth0, address='10.0.0.2', prefixlen=24)
    inside.route('add', dst='default', gateway='10.0.0.1')


def born(host, name, n):
    netns.create(name)
    peer = {
        'ifname': 'eth0',
        'address': mac_of(n),
        'net_ns_fd': name,
        'num_tx_queues': 1,
        'num_rx_queues': 1,
    }
    host.link('add', ifname='vh%d' % n, kind='veth', state='up', num_tx_queues=1, num_rx_queues=1, peer=peer)
    netns.pushns(name)
    try:
        inside = IPRoute()
    finally:
        netns.popns()
    with inside:
        plumb(inside)


def moved(host, name, n):
    netns.create(name)
    peer = {'ifname': 'eth0', 'address': mac_of(n), 'num_tx_queues': 1, 'num_rx_queues': 1}
    host.link('add', ifname='vh%d' % n, kind='veth', state='up', num_tx_queues=1, num_rx_queues=1, peer=peer)
    host.link('set', index=host.link_lookup(ifname='eth0')[0], net_ns_fd=name)
    with NetNS(name) as inside:
        plumb(inside)


def main():
    prefix, first, count, how = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    make = {'born': born, 'moved': moved}[how]
    with IPRoute() as host:
        since = time.monotonic()
        for n in range(first, first + count):
            make(host, prefix + str(n), n)
        print((time.monotonic() - since) * 1000)


main()
