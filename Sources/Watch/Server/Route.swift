// What a request asks for. Nothing of a request's text goes further than this file but numbers and names of columns:
// what is served is found in the lists of what there is.

import NIOHTTP1

package enum Route: Equatable, Sendable {
  /// A file of the page.
  case page(PageFile)
  /// The run's report.
  case report
  /// The same again and again, as it changes.
  case events
  /// What the columns of metrics.csv mean.
  case columns
  case curves(CurvesRequest)
  /// The list of galleries, and one of them.
  case galleries
  case gallery(step: Int)
  case realPictures
  /// What can be drawn from a checkpoint, and pictures drawn from it.
  case explorer(checkpoint: String?)
  case explore(ExploreRequest)
}

/// A stretch of some columns, thinned.
package struct CurvesRequest: Equatable, Sendable {
  package var columns: [String]
  package var steps: ClosedRange<Int>
  /// For each column at most.
  package var buckets: Int

  package init(columns: [String], steps: ClosedRange<Int>, buckets: Int) {
    (self.columns, self.steps, self.buckets) = (columns, steps, buckets)
  }

  static let mostColumns = 40
  static let mostBuckets = 4000
}

/// What is asked for, and how the answer is given.
package struct Asked: Equatable, Sendable {
  package var route: Route
  package var isHead = false
  package var signsIn = false
}

extension Asked {
  private static let longestTarget = 2048

  /// - Throws: `Refusal`.
  package init(_ head: HTTPRequestHead, _ access: Access) throws(Refusal) {
    let target = head.uri
    guard target.utf8.count <= Self.longestTarget else { throw Refusal(.uriTooLong, "the address is too long") }
    guard target.utf8.allSatisfy({ 0x21...0x7e ~= $0 }), let (authority, place) = Self.split(target) else {
      throw Refusal(
        .badRequest, "that isn't an address of this server: one begins with / or, as to a proxy, with http://")
    }
    let parts = place.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let query = try Query(parts.count == 2 ? parts[1] : "")
    switch access.verdict(on: head.headers, authority: authority, tokenInQuery: query["token"]) {
    case .refused(let refusal): throw refusal
    case .allowed: signsIn = false
    case .signsIn: signsIn = true
    }
    switch head.method {
    case .GET: isHead = false
    case .HEAD: isHead = true
    default: throw Refusal(.methodNotAllowed, "this server only shows: GET and HEAD")
    }
    // Nobody needs a body to look at something.
    if head.headers.contains(name: "transfer-encoding") || head.headers["content-length"].contains(where: { $0 != "0" })
    {
      throw Refusal(.payloadTooLarge, "this server takes no content")
    }
    route = try Route(parts[0].isEmpty ? "/" : parts[0], query)
  }

  /// "/report" -> (nil, "/report"). "http://localhost:8765/report" -> ("localhost:8765", "/report"): the absolute form,
  /// which every server takes (RFC 9112, 3.2.2). Nil for another form.
  private static func split(_ target: String) -> (authority: Substring?, place: Substring)? {
    if target.utf8.first == UInt8(ascii: "/") { return (nil, target[...]) }
    let scheme = "http://"
    guard target.prefix(scheme.count).lowercased() == scheme else { return nil }
    let rest = target.dropFirst(scheme.count)
    let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
    return (rest[..<end], rest[end...])
  }
}

extension Route {
  init(_ path: Substring, _ query: Query) throws(Refusal) {
    if let file = PageFile.all.first(where: { $0.path == path }) {
      try query.allow(["token"])
      self = .page(file)
      return
    }
    switch path {
    case "/report": self = .report
    case "/events": self = .events
    case "/columns": self = .columns
    case "/galleries": self = .galleries
    case "/real.png": self = .realPictures
    case "/curves":
      try query.allow(["columns", "from", "to", "buckets"])
      self = .curves(try CurvesRequest(query))
      return
    case "/explore":
      try query.allow(["checkpoint"])
      self = .explorer(checkpoint: try ExploreRequest.checkpoint(query))
      return
    case "/explore/grid.png":
      self = .explore(try ExploreRequest(.grid, query))
      return
    case "/explore/walk.png":
      self = .explore(try ExploreRequest(.walk(frames: 0), query))
      return
    case "/explore/film.png":
      self = .explore(try ExploreRequest(.film(frames: 0), query))
      return
    case "/explore/latents.npy":
      self = .explore(try ExploreRequest(.latents, query))
      return
    default:
      guard let step = Self.step(ofGallery: path) else { throw Refusal(.notFound, "there is nothing of that name") }
      self = .gallery(step: step)
    }
    // What a browser has kept is told apart by it.
    try query.allow(["v"])
  }

  /// "/galleries/500" -> 500.
  private static func step(ofGallery path: Substring) -> Int? {
    let start = "/galleries/"
    guard path.hasPrefix(start) else { return nil }
    return Query.number(path.dropFirst(start.count))
  }
}

extension CurvesRequest {
  init(_ query: Query) throws(Refusal) {
    columns = (query["columns"] ?? "").split(separator: ",").map(String.init)
    guard (1...Self.mostColumns).contains(columns.count) else {
      throw Refusal(.badRequest, "columns: from 1 to \(Self.mostColumns) are wanted")
    }
    let (from, to) = (try query.number("from") ?? 0, try query.number("to") ?? Query.greatest)
    guard from <= to else { throw Refusal(.badRequest, "from: is behind to") }
    steps = from...to
    buckets = try query.number("buckets") ?? 1000
    guard (2...Self.mostBuckets).contains(buckets) else {
      throw Refusal(.badRequest, "buckets: from 2 to \(Self.mostBuckets)")
    }
  }
}

/// "a=1&b=x,y". Values are as our page writes them: nothing in them is escaped.
struct Query: Equatable {
  private var values: [Substring: Substring] = [:]

  static let greatest = 1 << 48

  init(_ text: Substring) throws(Refusal) {
    if text.isEmpty { return }
    for pair in text.split(separator: "&", omittingEmptySubsequences: false) {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, values[parts[0]] == nil, parts[1].utf8.allSatisfy(Self.isPlain) else {
        throw Refusal(.badRequest, "the address has a query that this server doesn't understand")
      }
      values[parts[0]] = parts[1]
    }
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: ","), UInt8(ascii: "~"):
      true
    default: false
    }
  }

  subscript(name: Substring) -> Substring? { values[name] }

  func allow(_ names: Set<Substring>) throws(Refusal) {
    guard values.keys.allSatisfy(names.contains) else {
      throw Refusal(.badRequest, "the address has a query that this server doesn't understand")
    }
  }

  /// A whole number from 0 on; nil where the name isn't there.
  func number(_ name: Substring) throws(Refusal) -> Int? {
    guard let text = values[name] else { return nil }
    guard let number = Self.number(text) else { throw Refusal(.badRequest, "\(name): a whole number is wanted") }
    return number
  }

  /// Digits alone: no sign, no zeros before them.
  static func number(_ text: Substring) -> Int? {
    guard (1...15).contains(text.utf8.count), text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
      text == "0" || text.first != "0"
    else { return nil }
    return Int(text)
  }
}
