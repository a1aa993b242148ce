#!/bin/sh
# Runs a worker of jest in a mount namespace with a /run/netns of its own, so that files that run side by side, here or in
# another clone, do not see each other's namespaces. runner.cjs starts it in place of Node.
if [ "$(id -u)" -ne 0 ]; then exec "$NETLOOM_TEST_NODE" "$@"; fi
exec unshare --mount --propagation private sh -c 'mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns && exec "$@"' \
  sh "$NETLOOM_TEST_NODE" "$@"
