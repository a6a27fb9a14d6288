// An address in numbers: 127.0.0.1, ::1.

import SystemSupport

struct HostAddress: Equatable {
  let isLoopback: Bool
  let isVersion6: Bool

  /// Nil where the text is no such address.
  init?(_ text: String) {
    var four = in_addr()
    var six = in6_addr()
    if inet_pton(AF_INET, text, &four) == 1 {
      isLoopback = withUnsafeBytes(of: four) { $0[0] == 127 }
      isVersion6 = false
    } else if inet_pton(AF_INET6, text, &six) == 1 {
      isLoopback = withUnsafeBytes(of: six) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
      isVersion6 = true
    } else {
      return nil
    }
  }
}
