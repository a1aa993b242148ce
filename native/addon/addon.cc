// The table of the functions for JavaScript, and those that no other file has.
#include "addon/addon.h"

#include "launch/launcher_process.h"
#include "node/arguments.h"
#include "node/values.h"

namespace netloom {

NetloomAddon::NetloomAddon(Napi::Env env, Napi::Object exports) : environment_(env) {
  DefineAddon(exports, {
                           InstanceMethod("start", &NetloomAddon::Start),
                           InstanceMethod("createNetns", &NetloomAddon::CreateNetns),
                           InstanceMethod("openNetnsPath", &NetloomAddon::OpenNetnsPath),
                           InstanceMethod("openNetnsFd", &NetloomAddon::OpenNetnsFd),
                           InstanceMethod("openNetnsPid", &NetloomAddon::OpenNetnsPid),
                           InstanceMethod("openNetnsThread", &NetloomAddon::OpenNetnsThread),
                           InstanceMethod("deleteNetns", &NetloomAddon::DeleteNetns),
                           InstanceMethod("listNetns", &NetloomAddon::ListNetns),
                           InstanceMethod("releasePrefetched", &NetloomAddon::ReleasePrefetchedNetns),
                           InstanceMethod("listLeftovers", &NetloomAddon::ListLeftoverFiles),
                           InstanceMethod("removeLeftover", &NetloomAddon::RemoveLeftoverFile),
                           InstanceMethod("closeNetns", &NetloomAddon::CloseNetns),
                           InstanceMethod("closeManyNetns", &NetloomAddon::CloseManyNetns),
                           InstanceMethod("shareNetns", &NetloomAddon::ShareNetns),
                           InstanceMethod("adoptNetns", &NetloomAddon::AdoptNetns),
                           InstanceMethod("openSocket", &NetloomAddon::OpenSocketInside),
                           InstanceMethod("takeSocket", &NetloomAddon::TakeSocket),
                           InstanceMethod("socketInode", &NetloomAddon::SocketInode),
                           InstanceMethod("createNamespaces", &NetloomAddon::CreateNamespaces),
                           InstanceMethod("openNamespace", &NetloomAddon::OpenNamespaceOfKind),
                           InstanceMethod("openRelative", &NetloomAddon::OpenRelativeNamespace),
                           InstanceMethod("pinNamespace", &NetloomAddon::PinNamespace),
                           InstanceMethod("askNamespace", &NetloomAddon::AskNamespace),
                           InstanceMethod("endNamespace", &NetloomAddon::EndNamespace),
                           InstanceMethod("listNamespaces", &NetloomAddon::ListEveryNamespace),
                           InstanceMethod("createRootless", &NetloomAddon::CreateRootlessNetns),
                           InstanceMethod("namespacesToJoin", &NetloomAddon::FindNamespacesToJoin),
                           InstanceMethod("watchSocket", &NetloomAddon::WatchSocket),
                           InstanceMethod("socketAddress", &NetloomAddon::SocketAddress),
                           InstanceMethod("deviceName", &NetloomAddon::DeviceName),
                           InstanceMethod("deviceIndex", &NetloomAddon::DeviceIndex),
                           InstanceMethod("bindToDevice", &NetloomAddon::BindToDevice),
                           InstanceMethod("joinGroup", &NetloomAddon::JoinGroup),
                           InstanceMethod("joinSource", &NetloomAddon::JoinSource),
                           InstanceMethod("setReuseAddr", &NetloomAddon::SetReuseAddr),
                           InstanceMethod("setMulticastDevice", &NetloomAddon::SetMulticastDevice),
                           InstanceMethod("prepareProcess", &NetloomAddon::PrepareProcess),
                           InstanceMethod("awaitProcess", &NetloomAddon::AwaitProcess),
                           InstanceMethod("forgetChild", &NetloomAddon::ForgetChild),
                           InstanceMethod("signalProcess", &NetloomAddon::SignalProcess),
                           InstanceMethod("openProcess", &NetloomAddon::OpenProcess),
                           InstanceMethod("listenDatagrams", &NetloomAddon::ListenDatagrams),
                           InstanceMethod("pollDatagrams", &NetloomAddon::PollDatagrams),
                           InstanceMethod("refDatagrams", &NetloomAddon::RefDatagrams),
                           InstanceMethod("receiveDatagrams", &NetloomAddon::ReceiveDatagrams),
                           InstanceMethod("sendDatagrams", &NetloomAddon::SendDatagrams),
                           InstanceMethod("datagramsFd", &NetloomAddon::DatagramsFd),
                           InstanceMethod("closeDatagrams", &NetloomAddon::CloseDatagrams),
                           InstanceMethod("packetStatistics", &NetloomAddon::PacketStatistics),
                           InstanceMethod("openTap", &NetloomAddon::OpenTapQueue),
                           InstanceMethod("controlTap", &NetloomAddon::ControlTapQueue),
                           InstanceMethod("openPackets", &NetloomAddon::OpenPacketSocket),
                           InstanceMethod("openPing", &NetloomAddon::OpenPingSocket),
                           InstanceMethod("openSubscription", &NetloomAddon::OpenSubscription),
                           InstanceMethod("setMembership", &NetloomAddon::SetMembership),
                           InstanceMethod("accessFiles", &NetloomAddon::AccessNamespaceFiles),
                           InstanceMethod("sendToUnix", &NetloomAddon::SendToUnix),
                           InstanceMethod("lockFile", &NetloomAddon::LockFile),
                           InstanceMethod("transact", &NetloomAddon::Transact),
                           InstanceMethod("openChain", &NetloomAddon::OpenChain),
                           InstanceMethod("closeChain", &NetloomAddon::CloseChain),
                           InstanceMethod("cancel", &NetloomAddon::Cancel),
                           InstanceMethod("progress", &NetloomAddon::Progress),
                           InstanceMethod("enter", &NetloomAddon::Enter),
                           InstanceMethod("leave", &NetloomAddon::Leave),
                           InstanceMethod("limit", &NetloomAddon::Limit),
                           InstanceMethod("end", &NetloomAddon::End),
                           InstanceMethod("scratch", &NetloomAddon::Scratch),
                           InstanceMethod("stats", &NetloomAddon::Stats),
                       });
}

Napi::Value NetloomAddon::Submit(Info info, JobPointer job, LaneName lane, std::vector<Use> uses) {
  if (!environment_.started()) return malformed(info.Env());
  return {info.Env(), environment_.submit(std::move(job), lane, std::move(uses))};
}

Napi::Value NetloomAddon::Ended(Info info, Failure failure, napi_value made) {
  ArrayValue result(info.Env());
  result.push(failure.error);
  result.push(failure.call ? make_text(info.Env(), failure.call) : nullptr);
  result.push(made);
  return {info.Env(), result};
}

NamespacePointer NetloomAddon::Find(const Napi::Value& value) const {
  const auto handle = number(value);
  return handle ? environment_.find(static_cast<uint64_t>(*handle)) : nullptr;
}

Napi::Value NetloomAddon::Start(Info info) {
  const auto launcher = text(info[1]);
  if (!info[0].IsFunction() || !launcher) return malformed(info.Env());
  set_launcher_path(*launcher);
  environment_.start(info[0].As<Napi::Function>());
  return status(info.Env(), {});
}

Napi::Value NetloomAddon::Cancel(Info info) {
  const auto job = number(info[0]);
  if (!job) return malformed(info.Env());
  return {info.Env(), make_number(info.Env(), environment_.cancel(static_cast<uint64_t>(*job)))};
}

Napi::Value NetloomAddon::Progress(Info info) {
  const auto job = number(info[0]);
  if (!job) return malformed(info.Env());
  return {info.Env(), make_number(info.Env(), static_cast<double>(environment_.progress(static_cast<uint64_t>(*job))))};
}

Napi::Value NetloomAddon::Limit(Info info) {
  const auto opening = number(info[0]);
  const auto sockets = number(info[1]);
  if (!opening || !sockets || !(*opening >= 1) || !(*sockets >= 1)) return malformed(info.Env());
  environment_.limit(static_cast<size_t>(*opening), static_cast<size_t>(*sockets));
  return status(info.Env(), {});
}

void NetloomAddon::End(Info) {
  environment_.end();
}

Napi::Value NetloomAddon::Scratch(Info info) {
  return {info.Env(), environment_.scratch()};
}

Napi::Value NetloomAddon::Stats(Info info) {
  ArrayValue stats(info.Env());
  stats.push(static_cast<double>(environment_.handle_count()));
  stats.push(static_cast<double>(environment_.job_count()));
  stats.push(static_cast<double>(environment_.thread_count()));
  return {info.Env(), stats};
}

NODE_API_ADDON(NetloomAddon)

}  // namespace netloom
