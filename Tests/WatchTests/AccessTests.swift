import NIOHTTP1
import Testing

import Watch

/// Protects: who may not ask isn't answered, and no text of a request gets further than its reading.
@Suite struct AccessTests {
  private let access = Access(hosts: ["localhost"], token: nil, port: 8765)
  private let guarded = Access(hosts: ["localhost", "machine"], token: "a-long-enough-word", port: 8765)

  private func asked(
    _ target: String, _ method: HTTPMethod = .GET, _ headers: [(String, String)] = [("host", "localhost:8765")],
    _ access: Access? = nil
  ) throws(Refusal) -> Asked {
    try Asked(
      HTTPRequestHead(version: .http1_1, method: method, uri: target, headers: HTTPHeaders(headers)),
      access ?? self.access)
  }

  private func refusal(_ body: () throws -> Void) -> HTTPResponseStatus? {
    #expect(throws: Refusal.self, performing: body)?.status
  }

  @Test(arguments: ["localhost", "LOCALHOST:1", "127.0.0.1:8765", "[::1]:8765", "[::1]", "192.168.1.7:80"])
  func namesOfThisMachine(host: String) throws {
    #expect(try asked("/", .GET, [("host", host)]).route == .page(PageFile.all[0]))
  }

  /// A page of another site whose name leads here would read the run.
  @Test(arguments: [
    "evil.example", "localhost.evil.example", "evil.example:8765", "", "127.0.0.1.evil.example", "localhost:x",
    "localhost:8765:8765", "[::1", "[::1]x", "127.1", "0x7f.1", "localhost ", "user@localhost", "LOCALHOST/", "ſ",
  ]) func othersAreRefused(host: String) {
    #expect(refusal { _ = try asked("/", .GET, [("host", host)]) } == .misdirectedRequest)
  }

  @Test func oneHostAlone() {
    #expect(refusal { _ = try asked("/", .GET, []) } == .misdirectedRequest)
    #expect(
      refusal { _ = try asked("/", .GET, [("host", "localhost"), ("host", "evil.example")]) } == .misdirectedRequest)
  }

  @Test func otherSitesPagesMayOpenItAndReadNothing() throws {
    let host = ("host", "localhost")
    for site in ["cross-site", "same-site"] {
      #expect(refusal { _ = try asked("/report", .GET, [host, ("sec-fetch-site", site)]) } == .forbidden)
      _ = try asked("/", .GET, [host, ("sec-fetch-site", site), ("sec-fetch-mode", "navigate")])
    }
    for site in ["same-origin", "none"] { _ = try asked("/report", .GET, [host, ("sec-fetch-site", site)]) }
  }

  @Test(arguments: [HTTPMethod.POST, .PUT, .DELETE, .OPTIONS, .TRACE, .CONNECT, .RAW(value: "BREW")])
  func onlyLooking(method: HTTPMethod) { #expect(refusal { _ = try asked("/report", method) } == .methodNotAllowed) }

  @Test func noContent() throws {
    let host = ("host", "localhost")
    #expect(refusal { _ = try asked("/", .GET, [host, ("content-length", "5")]) } == .payloadTooLarge)
    #expect(refusal { _ = try asked("/", .GET, [host, ("transfer-encoding", "chunked")]) } == .payloadTooLarge)
    #expect(try asked("/report", .HEAD, [host, ("content-length", "0")]).isHead)
  }

  // MARK: - The token

  @Test func theTokenIsAskedFor() throws {
    let host = ("host", "machine:8765")
    func with(_ cookie: String) throws(Refusal) -> Asked {
      try asked("/report", .GET, [host, ("cookie", cookie)], guarded)
    }
    #expect(refusal { _ = try asked("/report", .GET, [host], guarded) } == .forbidden)
    for wrong in ["", "a-long-enough-wor", "a-long-enough-word1", "A-long-enough-word", "b-long-enough-word"] {
      #expect(refusal { _ = try asked("/?token=\(wrong)", .GET, [host], guarded) } == .forbidden)
      #expect(refusal { _ = try with("wgan-8765=\(wrong)") } == .forbidden)
    }
    #expect(try asked("/?token=a-long-enough-word", .GET, [host], guarded).signsIn)
    #expect(try with("other=1; wgan-8765=a-long-enough-word").route == .report)
    #expect(refusal { _ = try with("wgan-8766=a-long-enough-word") } == .forbidden)
    #expect(guarded.cookie == "wgan-8765=a-long-enough-word; HttpOnly; SameSite=Strict; Path=/")
    // The token doesn't let in what the host keeps out.
    #expect(
      refusal { _ = try asked("/?token=a-long-enough-word", .GET, [("host", "evil.example")], guarded) }
        == .misdirectedRequest)
  }

  @Test func comparing() {
    let word = Array("word".utf8)
    #expect(Access.areEqual(word, word) && !Access.areEqual([], word) && !Access.areEqual(word + [0], word))
    #expect(!Access.areEqual(Array("wor".utf8), word) && !Access.areEqual(Array("ward".utf8), word))
  }

  // MARK: - What is asked for

  @Test func routes() throws {
    #expect(try asked("/report").route == .report)
    #expect(try asked("/events").route == .events)
    #expect(try asked("/galleries/500?v=12").route == .gallery(step: 500))
    #expect(
      try asked("/curves?columns=d_loss,swd_64&from=5&to=90&buckets=300").route
        == .curves(CurvesRequest(columns: ["d_loss", "swd_64"], steps: 5...90, buckets: 300)))
    for file in PageFile.all { #expect(try asked(file.path).route == .page(file)) }
  }

  @Test(arguments: [
    "/../config.json", "/galleries/../../config.json", "/galleries/%2e%2e", "/galleries/-1", "/galleries/0500",
    "/galleries/500.png", "/galleries/", "/config.json", "//report", "/report/", "/Report", "/main.js/", "/%00",
    "/galleries/1000000000000000", "/.", "/style.css%00.png",
  ]) func nothingElse(target: String) { #expect(refusal { _ = try asked(target) } == .notFound) }

  @Test(arguments: [
    "report", "https://localhost/report", "ftp://localhost/", "http:/report", "http:", "localhost:8765", "*", "", "/ü",
    "/a b", "/report?", "/report?x", "/report?x=1",
    "/report?v=1&v=2",
    "/curves?columns=d_loss&from=-1", "/curves?columns=d_loss&from=9&to=1", "/curves?columns=", "/curves",
    "/curves?columns=d_loss&buckets=1", "/curves?columns=d_loss&buckets=9999", "/curves?columns=%2e", "/?run=/etc",
    "/curves?columns=" + String(repeating: "a,", count: 50), "/report?v=../..%2f",
  ]) func queriesThatMakeNoSense(target: String) {
    // "/report?" has an empty query, which asks for nothing.
    if target == "/report?" {
      #expect(throws: Never.self) { _ = try asked(target) }
      return
    }
    #expect(refusal { _ = try asked(target) } == .badRequest)
  }

  /// The form that goes to a proxy (RFC 9112, 3.2.2).
  @Test func addressesInFull() throws {
    for place in ["http://localhost:8765", "HTTP://127.0.0.1:1", "http://[::1]"] {
      #expect(try asked("\(place)/report").route == .report)
      #expect(try asked(place).route == .page(PageFile.all[0]))
      #expect(try asked("\(place)?token=x").route == .page(PageFile.all[0]))
    }
    // Whom it names counts; the header must be there all the same.
    for place in ["http://evil.example", "http://user@localhost", "http://localhost#", "http://", "http://127.1"] {
      #expect(refusal { _ = try asked("\(place)/report") } == .misdirectedRequest)
    }
    #expect(try asked("http://localhost/report", .GET, [("host", "evil.example")]).route == .report)
    #expect(refusal { _ = try asked("http://localhost/report", .GET, []) } == .misdirectedRequest)
    #expect(refusal { _ = try asked("http://localhost/../config.json") } == .notFound)
    #expect(refusal { _ = try asked("http://machine/report", .GET, [("host", "machine")], guarded) } == .forbidden)
  }

  @Test func addressesHaveALength() {
    #expect(refusal { _ = try asked("/" + String(repeating: "a", count: 3000)) } == .uriTooLong)
  }
}
