// Functions that read and write the files of a namespace.
#include "addon/addon.h"
#include "files/file_jobs.h"
#include "node/arguments.h"

namespace netloom {

Napi::Value NetloomAddon::AccessNamespaceFiles(Info info) {
  const NamespacePointer netns = Find(info[0]);
  const auto tree = number(info[1]);
  const auto what = number(info[2]);
  const auto name = text(info[3]);
  const auto given = text(info[4]);
  if (!netns) return status(info.Env(), Failure{EBADF, nullptr});
  if (!tree || !(*tree >= 0 && *tree < kFileTreeCount) || !what || !(*what >= 0 && *what < AccessFiles::kWhatCount) ||
      !name || !given) {
    return malformed(info.Env());
  }
  std::vector<std::string> texts = split(*given);
  std::vector<AccessFiles::File> files;
  for (size_t i = 0; i + 1 < texts.size(); i += 2)
    files.push_back({std::move(texts[i]), std::move(texts[i + 1])});
  const auto does = static_cast<AccessFiles::What>(static_cast<int>(*what));
  const bool changes = does == AccessFiles::What::write;
  const Use use{netns->identity(), changes};
  auto job = std::make_shared<AccessFiles>(netns, static_cast<FileTree>(static_cast<int>(*tree)), does, *name,
                                           std::move(files));
  return Submit(info, std::move(job), changes ? LaneName::mutation : LaneName::read, {use});
}

}  // namespace netloom
