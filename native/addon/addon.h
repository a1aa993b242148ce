// The functions that JavaScript calls. They convert arguments and results and do nothing else; lib/native/addon.ts
// declares their types, and lib/ checks the values. Here only what memory safety needs is checked: malformed arguments
// give -EINVAL.
#pragma once

#include <napi.h>

#include <optional>
#include <vector>

#include "addon/environment.h"
#include "launch/launch_plan.h"
#include "namespaces/namespace_jobs.h"

namespace netloom {

class NetloomAddon : public Napi::Addon<NetloomAddon> {
 public:
  NetloomAddon(Napi::Env env, Napi::Object exports);

 private:
  using Info = const Napi::CallbackInfo&;

  // lifecycle: addon.cc
  // start(dispatch, path of the launcher)
  Napi::Value Start(Info info);
  // cancel(job)
  Napi::Value Cancel(Info info);
  // progress(job)
  Napi::Value Progress(Info info);
  // limit(descriptors that the jobs of a lane may hold before they are delivered, sockets that stay open)
  Napi::Value Limit(Info info);
  // end()
  void End(Info);
  // scratch(): the ArrayBuffer where the answer of a transaction that ended at once may lie
  Napi::Value Scratch(Info info);
  // stats(): [handles, jobs, threads]
  Napi::Value Stats(Info info);

  // namespaces: namespace_calls.cc
  // createNetns(path or '', ephemeral)
  Napi::Value CreateNetns(Info info);
  // openNetnsPath(path)
  Napi::Value OpenNetnsPath(Info info);
  // openNetnsFd(fd): the descriptor is duplicated here and now, so the caller may close it.
  Napi::Value OpenNetnsFd(Info info);
  // openNetnsPid(pid)
  Napi::Value OpenNetnsPid(Info info);
  // openNetnsThread(tid)
  Napi::Value OpenNetnsThread(Info info);
  // deleteNetns(paths, each with a NUL behind it; a Float64Array of the handles of the namespaces that they must be, or
  // 0): [errno, system call, device, inode of the one that was pinned there, …]
  Napi::Value DeleteNetns(Info info);
  // closeManyNetns(a Float64Array of handles): as closeNetns, and the promise waits for the kernel
  Napi::Value CloseManyNetns(Info info);
  // listNetns(directory)
  Napi::Value ListNetns(Info info);
  // releasePrefetched(): closes the prefetched namespaces
  Napi::Value ReleasePrefetchedNetns(Info info);
  // listLeftovers(directory)
  Napi::Value ListLeftoverFiles(Info info);
  // removeLeftover(path)
  Napi::Value RemoveLeftoverFile(Info info);
  // closeNetns(handle)
  Napi::Value CloseNetns(Info info);
  // shareNetns(handle): [name of the registry, number in it], or undefined if the handle is closed
  Napi::Value ShareNetns(Info info);
  // adoptNetns(name of the registry, number in it, device, inode): [errno, system call, [handle, device, inode]]
  Napi::Value AdoptNetns(Info info);
  // enter(handle, kind): how it failed, or undefined
  Napi::Value Enter(Info info);
  // leave(): how it failed, or undefined
  Napi::Value Leave(Info info);

  // sockets: socket_calls.cc
  // openSocket(handle, 'ipv4', 'ipv6' or 'unix', stream, ipv6Only, reusePort, host or path or '', port, mask, device or
  // '')
  Napi::Value OpenSocketInside(Info info);
  // takeSocket(number): its descriptor, which belongs to the caller, or -1
  Napi::Value TakeSocket(Info info);
  // socketInode(number): the inode of its file, or 0
  Napi::Value SocketInode(Info info);
  // watchSocket(socket): the number of datagrams that read and write a copy of the descriptor
  Napi::Value WatchSocket(Info info);
  // socketAddress(socket, peer): [address, port, index of the device of a link-local one or 0]
  Napi::Value SocketAddress(Info info);
  // deviceName(socket, index): in the namespace that the socket belongs to, or undefined
  Napi::Value DeviceName(Info info);
  // deviceIndex(socket, name): in the namespace that the socket belongs to, or -errno
  Napi::Value DeviceIndex(Info info);
  // bindToDevice(socket, index): fails with EINVAL if it is bound to another one
  Napi::Value BindToDevice(Info info);
  // joinGroup(socket, join or leave, IPv6 group, device of the socket's namespace)
  Napi::Value JoinGroup(Info info);
  // joinSource(socket, join or leave, IPv6 source, IPv6 group, index of a device)
  Napi::Value JoinSource(Info info);
  // setReuseAddr(socket, on)
  Napi::Value SetReuseAddr(Info info);
  // setMulticastDevice(socket, device of the socket's namespace)
  Napi::Value SetMulticastDevice(Info info);

  // processes: process_calls.cc
  // prepareProcess(handle, plan, kinds of namespaces that are joined, and 0 for a control group, of each a path or the
  // number of a descriptor with a NUL at its end, how many descriptors Node will open): [errno, system call,
  // [descriptor that the launcher is to have, number to await it by]]
  Napi::Value PrepareProcess(Info info);
  // awaitProcess(number, pid of the launcher, or 0 if there is none, whether to note it as a Worker's child): [errno,
  // system call, its number as a Worker's child or 0] once the program runs
  Napi::Value AwaitProcess(Info info);
  // forgetChild(number), of a Worker's child that Node has reaped
  Napi::Value ForgetChild(Info info);
  // openProcess(pid): the number of a pidfd among the datagrams, which polls as readable when the process ends; or
  // -errno
  Napi::Value OpenProcess(Info info);
  // signalProcess(number, signal): 0 or -errno
  Napi::Value SignalProcess(Info info);
  // descriptors that packets are read from and written to, by number: datagram_calls.cc
  // listenDatagrams(number, function of the events that became possible)
  Napi::Value ListenDatagrams(Info info);
  // pollDatagrams(number, events to wait for)
  Napi::Value PollDatagrams(Info info);
  // refDatagrams(number, whether it keeps the event loop alive while it waits)
  Napi::Value RefDatagrams(Info info);
  // receiveDatagrams(number, slab, offset, longest, [errno, seconds, nanoseconds, PacketMeta…], most, from the error
  // queue): how many
  Napi::Value ReceiveDatagrams(Info info);
  // sendDatagrams(number, packets, lengths, count, address or undefined): how many, or -errno if none
  Napi::Value SendDatagrams(Info info);
  // datagramsFd(number): the descriptor, or -1
  Napi::Value DatagramsFd(Info info);
  // closeDatagrams(number): whether it was open
  Napi::Value CloseDatagrams(Info info);
  // packetStatistics(number): [packets, drops] since the last call, or -errno
  Napi::Value PacketStatistics(Info info);
  // multicast messages of netlink: subscription_calls.cc
  // openSubscription(handle, protocol, size of the receive buffer or 0)
  Napi::Value OpenSubscription(Info info);
  // setMembership(number of its datagrams, group, member): 0 or -errno
  Napi::Value SetMembership(Info info);
  // taps: tap_calls.cc
  // openTap(handle, name, flags, whether it exists, owner or -1, group or -1, size of virtio's header or 0, offload)
  Napi::Value OpenTapQueue(Info info);
  // controlTap(number of its datagrams, ControlTap::What, value)
  Napi::Value ControlTapQueue(Info info);
  // packet sockets and ICMP echo: packet_calls.cc
  // openPackets(handle, protocol, device or '', switches, fanout or -1, buffer size, filter)
  Napi::Value OpenPacketSocket(Info info);
  // openPing(handle, 4 or 6, host, source or '', device or '', ttl or 0, traffic class or -1, don't fragment)
  Napi::Value OpenPingSocket(Info info);

  // files: file_calls.cc
  // accessFiles(handle, tree, what, name of the namespace or '', paths and contents in turn, each with a NUL at
  // its end)
  Napi::Value AccessNamespaceFiles(Info info);

  // notifications to the service manager: notify_calls.cc
  // sendToUnix(path, text): [errno, system call]
  Napi::Value SendToUnix(Info info);
  // locks of files: lock_calls.cc
  // lockFile(path): [errno, system call, number], to be taken as a socket's descriptor is, and closed
  Napi::Value LockFile(Info info);

  // all kinds: kind_calls.cc
  // createNamespaces(plan)
  Napi::Value CreateNamespaces(Info info);
  // openNamespace(kind, or '' for any, 'path' or 'fd' or 'pid' or 'tid', which one)
  Napi::Value OpenNamespaceOfKind(Info info);
  // openRelative(handle, true for the parent, false for the owning user namespace)
  Napi::Value OpenRelativeNamespace(Info info);
  // pinNamespace(handle, path)
  Napi::Value PinNamespace(Info info);
  // askNamespace(handle, plan, or undefined for the uid of its owner)
  Napi::Value AskNamespace(Info info);
  // endNamespace(handle): ends the first process of a pid namespace that was created here
  Napi::Value EndNamespace(Info info);
  // listNamespaces(): those of the machine
  Napi::Value ListEveryNamespace(Info info);

  // without privilege: rootless_calls.cc
  // createRootless(plan, or undefined for the caller's own ids, handle of one of the same owner, or 0)
  Napi::Value CreateRootlessNetns(Info info);
  // namespacesToJoin(handle): [descriptor, CLONE_NEW…, …], which a child enters in this order
  Napi::Value FindNamespacesToJoin(Info info);

  // messages: transaction_calls.cc
  // transact(lane, plan, bytes, device names and paths, each with a NUL at its end, or undefined for none,
  // chain that it is part of, or undefined)
  Napi::Value Transact(Info info);
  // openChain(): its number
  Napi::Value OpenChain(Info info);
  // closeChain(chain): it goes with the last of its transactions
  void CloseChain(Info info);

  Napi::Value Submit(Info info, JobPointer job, LaneName lane, std::vector<Use> uses = {});
  // The result of a call that needs no job, or has failed before its job was made.
  Napi::Value Ended(Info info, Failure failure, napi_value made = nullptr);
  NamespacePointer Find(const Napi::Value& value) const;
  Datagrams* FindDatagrams(const Napi::Value& value) const;
  // Reads the plan of a launch; nothing if it is malformed.
  std::optional<LaunchPlan> PlanOf(const Napi::Value& value) const;
  Napi::Value Open(Info info, OpenNamespace::Target target, std::vector<Use> uses = {});

  Environment environment_;
};

}  // namespace netloom
