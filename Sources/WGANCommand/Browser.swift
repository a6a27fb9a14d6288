// Opens an address in the user's browser, where there is one.

import SystemSupport

enum Browser {
  #if os(macOS)
    private static let opener = "open"
  #else
    private static let opener = "xdg-open"
  #endif

  /// Best effort, and without waiting: what the opener says goes nowhere, and who has none opens the address by hand.
  static func open(_ url: String) {
    // Nobody waits for the opener's end.
    signal(SIGCHLD, SIG_IGN)
    // The shell sends its words away; the address is no part of what it reads as orders.
    let line = "exec \(opener) \"$1\" </dev/null >/dev/null 2>&1"
    let words: [String] = ["sh", "-c", line, "sh", url]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { word in strdup(word) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    var process = pid_t()
    posix_spawn(&process, "/bin/sh", nil, nil, &arguments, environ)
  }
}
