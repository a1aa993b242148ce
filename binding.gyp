{
  "variables": {
    # Warnings are errors for developers and CI (scripts/addon/build.cjs sets this), not for a dependent's source build
    # with a compiler that nobody has tried yet.
    "netloom_werror%": "false",
    # AddressSanitizer and UndefinedBehaviorSanitizer, for developers.
    "netloom_asan%": "false",
    # The program that enters namespaces of others; for musl the same serves that is built for glibc.
    "netloom_launcher%": "true",
    # A binary for other machines: libstdc++ linked in, nothing newer than glibc 2.28 asked for.
    "netloom_portable%": "false",
  },
  "targets": [
    {
      "target_name": "netloom",
      "sources": ["<!@(node scripts/addon/sources.cjs addon)"],
      "include_dirs": ["native", "<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": [
        "NAPI_VERSION=8",
        "NAPI_DISABLE_CPP_EXCEPTIONS",
        # A Worker may be terminated while it loads the addon: node-addon-api's wrappers would abort the process.
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
      ],
      "cflags": ["-Wall", "-Wextra", "-fvisibility=hidden", "-ffunction-sections", "-fdata-sections", "-pthread"],
      # Node's own flags name the C++ standard that Node is built with, and differ between its releases.
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-std=gnu++2a"],
      "cflags_cc": ["-std=c++20", "-fno-exceptions", "-fvisibility-inlines-hidden"],
      "ldflags": [
        "-pthread",
        "-Wl,--gc-sections",
        "-Wl,-z,relro,-z,now",
        # Only the entry points of a Node-API module leave the binary. Hidden visibility alone lets the standard
        # library's templates out, which must not meet those of Node or of another addon.
        "-Wl,--version-script=<(module_root_dir)/scripts/addon/exports.map",
      ],
      "conditions": [
        ["netloom_werror=='true'", {"cflags": ["-Werror"]}],
        ["netloom_asan=='true'", {
          "cflags": ["-fsanitize=address,undefined", "-fno-omit-frame-pointer", "-g", "-O1"],
          "ldflags": ["-fsanitize=address,undefined"],
          "configurations": {"Release": {"cflags!": ["-O3"]}},
        }],
        ["netloom_portable=='true'", {
          "sources": ["scripts/addon/glibc-floor.cc"],
          "ldflags": [
            # libgcc_s stays shared: Node needs it anyway, and its static form asks for glibc 2.35.
            "-static-libstdc++",
            # What glibc-floor.cc stands in for.
            "-Wl,--wrap=pthread_create,--wrap=pthread_detach,--wrap=pthread_join,--wrap=pthread_kill,--wrap=pthread_mutex_trylock",
            "-Wl,--wrap=pthread_once,--wrap=pthread_sigmask,--wrap=pthread_setname_np,--wrap=__pthread_key_create",
            "-Wl,--wrap=pthread_cond_clockwait",
            "-Wl,--wrap=fstat,--wrap=stat,--wrap=lstat,--wrap=fstat64,--wrap=stat64,--wrap=lstat64",
            "-Wl,--wrap=fstatat,--wrap=fstatat64",
          ],
        }],
      ],
    },
  ],
  "conditions": [
    ["netloom_launcher=='true'", {
      "targets": [
        {
          "target_name": "netloom-launcher",
          "type": "executable",
          "sources": ["<!@(node scripts/addon/sources.cjs launcher)"],
          "include_dirs": ["native"],
          "cflags": ["-Wall", "-Wextra", "-O2", "-ffunction-sections", "-fno-stack-protector", "-fno-asynchronous-unwind-tables"],
          "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-std=gnu++2a"],
          "cflags_cc": ["-std=c++20", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"],
          "ldflags": ["-Wl,--gc-sections", "-Wl,-z,relro,-z,now,-z,noexecstack"],
          "conditions": [
            ["netloom_werror=='true'", {"cflags": ["-Werror"]}],
            # Without a C library, where its system calls and its entry are written out (native/launcher/system.h).
            ["target_arch=='x64' or target_arch=='arm64'", {
              "defines": ["NETLOOM_FREESTANDING=1"],
              "cflags": ["-ffreestanding", "-fno-pie", "-fno-tree-loop-distribute-patterns"],
              "ldflags": ["-static", "-nostdlib", "-no-pie"],
            }],
          ],
        },
      ],
    }],
  ],
}
