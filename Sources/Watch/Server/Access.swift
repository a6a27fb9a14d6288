// Who may ask: which names of this machine a request may use, and the token where the page is open to other machines.

import NIOHTTP1

package struct Access: Sendable {
  /// Names of hosts, in lower case, without port.
  private let hosts: Set<String>
  private let token: [UInt8]?
  /// Cookies don't know ports: two servers on one machine have two.
  package let cookieName: String

  package init(hosts: Set<String>, token: String?, port: Int) {
    self.hosts = hosts
    self.token = token.map { Array($0.utf8) }
    cookieName = "wgan-\(port)"
  }

  enum Verdict: Equatable {
    case allowed
    /// With the right token in the query: from now on it comes as a cookie.
    case signsIn
    case refused(Refusal)
  }

  /// - Parameter authority: the host that the request's target names, where it does: it counts instead of the header's,
  ///   which must be there all the same (RFC 9112, 3.2 and 3.2.2).
  func verdict(on headers: HTTPHeaders, authority: Substring? = nil, tokenInQuery: Substring?) -> Verdict {
    let names = headers["host"]
    guard names.count == 1, isKnown(authority.map(String.init) ?? names[0]) else {
      // Another site's name that leads to this machine: its pages would read ours (DNS rebinding).
      return .refused(Refusal(.misdirectedRequest, "this server isn't called that: use the address that it printed"))
    }
    let site = headers["sec-fetch-site"].first
    if let site, site != "same-origin", site != "none", headers["sec-fetch-mode"].first != "navigate" {
      return .refused(Refusal(.forbidden, "another site's page may not ask this server"))
    }
    guard let token else { return .allowed }
    if let tokenInQuery {
      return Self.areEqual(Array(tokenInQuery.utf8), token)
        ? .signsIn : .refused(Refusal(.forbidden, "that isn't the token"))
    }
    let isSignedIn = headers["cookie"].joined(separator: ";").split(separator: ";").contains { cookie in
      let parts = cookie.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, parts[0].drop(while: { $0 == " " }) == cookieName else { return false }
      return Self.areEqual(Array(parts[1].utf8), token)
    }
    return isSignedIn
      ? .allowed : .refused(Refusal(.forbidden, "open the address that `wgan watch` printed, with its token"))
  }

  package var cookie: String {
    "\(cookieName)=\(token.map { String(decoding: $0, as: UTF8.self) } ?? ""); HttpOnly; SameSite=Strict; Path=/"
  }

  /// In a time that says nothing of where they differ.
  package static func areEqual(_ given: [UInt8], _ token: [UInt8]) -> Bool {
    var difference = given.count ^ token.count
    for i in token.indices { difference |= Int(i < given.count ? given[i] ^ token[i] : 0xff) }
    return difference == 0
  }

  // MARK: - Names

  /// Numeric addresses can't be another site's name.
  private func isKnown(_ header: String) -> Bool {
    guard let host = Self.host(header) else { return false }
    return hosts.contains(host) || HostAddress(host) != nil
  }

  /// "LocalHost:8765" -> "localhost"; "[::1]:80" -> "::1". Nil where it's neither.
  static func host(_ header: String) -> String? {
    let text = header.lowercased()
    guard text.utf8.count <= 255, text.utf8.allSatisfy({ 0x21...0x7e ~= $0 }) else { return nil }
    let host: Substring
    let rest: Substring
    if text.first == "[" {
      guard let end = text.firstIndex(of: "]") else { return nil }
      (host, rest) = (text[text.index(after: text.startIndex)..<end], text[text.index(after: end)...])
    } else {
      let end = text.firstIndex(of: ":") ?? text.endIndex
      (host, rest) = (text[..<end], text[end...])
    }
    let isPort = rest.isEmpty || rest.first == ":" && rest.utf8.count <= 6 && rest.dropFirst().allSatisfy(\.isNumber)
    return host.isEmpty || !isPort ? nil : String(host)
  }
}

/// Why a request isn't answered as it wants.
package struct Refusal: Error, Equatable {
  package let status: HTTPResponseStatus
  package let line: String

  package init(_ status: HTTPResponseStatus, _ line: String) { (self.status, self.line) = (status, line) }
}
