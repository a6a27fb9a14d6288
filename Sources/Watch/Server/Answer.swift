// What is sent back: a status, headers, and bytes or a file.

import NIOHTTP1
import SystemSupport

package struct Answer: Sendable {
  package var status: HTTPResponseStatus
  package var headers: HTTPHeaders
  package var body: Body

  package enum Body: Sendable {
    case bytes([UInt8])
    /// Read part by part while it is sent.
    case file(SentFile)
    /// Goes on until the client leaves.
    case events
  }

  init(_ type: String, _ body: Body, status: HTTPResponseStatus = .ok, isKept: Bool = false) {
    self.status = status
    self.body = body
    headers = HTTPHeaders([("content-type", type)])
    // What may change is asked for each time; an address with a version names one content for ever.
    headers.add(name: "cache-control", value: isKept ? "private, max-age=31536000, immutable" : "no-store")
    switch body {
    case .bytes(let bytes): headers.add(name: "content-length", value: "\(bytes.count)")
    case .file(let file): headers.add(name: "content-length", value: "\(file.size)")
    case .events: break
    }
    headers.add(contentsOf: Self.fences)
  }

  init(_ refusal: Refusal) {
    self.init("text/plain; charset=utf-8", .bytes(Array("\(refusal.line)\n".utf8)), status: refusal.status)
    if refusal.status == .methodNotAllowed { headers.add(name: "allow", value: "GET, HEAD") }
  }

  /// The page may load from here alone, no other page may hold it or read what it shows, and nothing is taken for
  /// another type than it says.
  private static let fences = HTTPHeaders([
    (
      "content-security-policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    ("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"), ("cross-origin-opener-policy", "same-origin"),
  ])
}

/// A file that was opened for one answer, and is closed with it.
package final class SentFile: Sendable {
  private let file: InputFile

  init(_ file: consuming InputFile) { self.file = file }

  var size: Int { file.size }

  func bytes(_ range: Range<Int>) throws(Failure) -> [UInt8] { try file.bytes(range) }
}
