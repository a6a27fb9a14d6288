// Opens an address in the user's browser, where there is one.

import SystemSupport

enum Browser {
  #if canImport(Darwin)
    private static let opener = "open"
  #else
    private static let opener = "xdg-open"
  #endif

  /// Best effort, and without waiting: what the opener says goes nowhere, and who has none opens the address by hand.
  static func open(_ url: String) {
    // Nobody waits for the opener's end.
    signal(SIGCHLD, SIG_IGN)
    #if canImport(Glibc) || canImport(Musl)
      var actions = posix_spawn_file_actions_t()
    #else
      var actions: posix_spawn_file_actions_t?
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for descriptor in 0...2 {
      posix_spawn_file_actions_addopen(
        &actions, Int32(descriptor), "/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY, 0)
    }
    var arguments = [strdup(opener), strdup(url), nil]
    defer { arguments.forEach { free($0) } }
    var process = pid_t()
    posix_spawnp(&process, opener, &actions, nil, &arguments, environ)
  }
}
