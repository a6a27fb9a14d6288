import Foundation
import Randomness
import SystemSupport
import TestSupport
import Testing
import WGAN

import Watch

/// Protects: over a real socket, what may be seen is, and neither slow nor many nor rude clients stop it.
@Suite(.serialized) struct ServerTests {
  private func serving(
    _ path: String, token: String? = nil, limits: ClientLimits = ClientLimits(), _ body: (WatchServer) throws -> Void
  ) throws {
    let server = try WatchServer(WatchRequest(run: path, port: 0, token: token), limits: limits)
    try body(server)
    try server.stop()
  }

  @Test func thePageAndWhatItAsksFor() throws {
    try inTemporaryFolder { folder in
      try makeRun(folder / "run", rows: 7, galleries: [1, 5])
      try serving(folder / "run") { server in
        let page = try ask(server.port, "/")
        #expect(status(page) == 200 && page.contains("<title>wgan watch</title>"))
        for line in [
          "content-security-policy: default-src 'none'", "x-content-type-options: nosniff", "x-frame-options: DENY",
        ] {
          #expect(page.lowercased().contains(line.lowercased()))
        }
        let report = try ask(server.port, "/report")
        #expect(report.contains("\"step\" : 7") && report.contains("\"totalSteps\" : 12"))
        #expect(try ask(server.port, "/columns").contains("d_loss"))
        #expect(try ask(server.port, "/galleries/5?v=1").hasSuffix("\r\n\r\npicture 5"))
        #expect(try status(ask(server.port, "/galleries/6")) == 404)
        #expect(try status(ask(server.port, "/real.png")) == 404)
        #expect(try status(ask(server.port, "/curves?columns=nothing")) == 404)
        let head = try ask(server.port, "/report", method: "HEAD")
        #expect(status(head) == 200 && head.hasSuffix("\r\n\r\n"))
        #expect(try status(ask(server.port, "/report", method: "POST")) == 405)
        #expect(try status(ask(server.port, "/report", host: "evil.example")) == 421)
      }
    }
  }

  /// The bytes are those that the page's script reads.
  @Test func curvesAreNumbers() throws {
    try inTemporaryFolder { folder in
      try makeRun(folder / "run", rows: 3)
      let site = Site(folder / "run")
      _ = site.follow()
      let request = CurvesRequest(columns: ["d_loss", "swd"], steps: 0...10, buckets: 10)
      guard case .bytes(let bytes) = site.answer(.curves(request)).body else { return #expect(Bool(false)) }
      let words = bytes.withUnsafeBytes { Array($0.bindMemory(to: UInt32.self)) }
      let losses: [UInt32] = [0.125, 0.25, 0.375].map { (value: Float) in value.bitPattern }
      #expect(words.dropFirst() == ([3, 1, 2, 3, 1, 2, 3] + losses + losses + losses + [0])[...])
    }
  }

  /// Rows that come while somebody listens are told.
  @Test func eventsTellWhatIsNew() throws {
    try inTemporaryFolder { folder in
      let paths = try makeRun(folder / "run", rows: 2)
      try serving(folder / "run") { server in
        let client = try Client(port: server.port)
        client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let first = client.receive { $0.contains("\"step\" : 2") }
        #expect(first.contains("text/event-stream") && first.contains("\"step\" : 2"))
        try append(row(3) + "\n", to: paths.metrics)
        #expect(client.receive { $0.contains("\"step\" : 3") }.contains("\"step\" : 3"))
      }
    }
  }

  @Test func theTokenInTheAddressBecomesACookie() throws {
    try inTemporaryFolder { folder in
      try makeRun(folder / "run", rows: 2)
      let token = "a-long-enough-word"
      try serving(folder / "run", token: token) { server in
        #expect(server.url.hasSuffix("/?token=\(token)"))
        #expect(try status(ask(server.port, "/")) == 403)
        let answer = try ask(server.port, "/?token=\(token)")
        #expect(status(answer) == 303 && answer.contains("HttpOnly; SameSite=Strict"))
        let cookie = "Cookie: wgan-\(server.port)=\(token)\r\n"
        #expect(try status(ask(server.port, "/report", cookie)) == 200)
      }
    }
  }

  /// Bytes that are no request, requests that are too large, and those that never end.
  @Test func rudeClients() throws {
    try inTemporaryFolder { folder in
      try makeRun(folder / "run", rows: 2)
      var limits = ClientLimits()
      limits.askingTime = .milliseconds(500)
      try serving(folder / "run", limits: limits) { server in
        let host = "Host: localhost\r\n"
        let long = String(repeating: "a", count: 20_000)
        for request in [
          "\r\n\r\n\u{0}\u{1}\u{2}", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\n\(long): 1\r\n\r\n",
          "GET / HTTP/1.1\r\n\(host)X: \(long)\r\n\r\n", "GET /\(long) HTTP/1.1\r\n\(host)\r\n",
          "GET / HTTP/1.1\r\n\(host)" + String(repeating: "A: b\r\n", count: 500) + "\r\n",
          "POST / HTTP/1.1\r\n\(host)Content-Length: 5\r\n\r\nhello",
          "GET / HTTP/1.1\r\n\(host)Content-Length: x\r\n\r\n",
          "GET / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\nzz\r\n",
          "GET / HTTP/1.1\r\n\(host)Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ] {
          let client = try Client(port: server.port)
          client.send(request)
          let answer = client.receive()
          let code = status(answer) ?? 400
          #expect((400..<500).contains(code), "\(request.prefix(60)): \(answer.prefix(80))")
          if request.contains("X: \(long)") || request.contains("A: b") {
            #expect(status(answer) == 431 && answer.hasSuffix("16 KB are the most\n"), "\(answer)")
          }
        }
        // What isn't HTTP behind a request that was is told behind its answer, not into it.
        let client = try Client(port: server.port)
        client.send("GET /columns HTTP/1.1\r\n\(host)\r\nGET\r\n\r\n")
        let answers = client.receive()
        #expect(answers.components(separatedBy: "HTTP/1.1 ").count <= 3, "\(answers)")
        #expect(try status(ask(server.port, "/report")) == 200)
      }
    }
  }

  /// More than there is room for, all of them silent: who asks is answered all the same.
  @Test func silentClientsMakeRoom() throws {
    try inTemporaryFolder { folder in
      try makeRun(folder / "run", rows: 2)
      try serving(folder / "run") { server in
        var clients: [Client] = []
        for i in 0..<150 {
          clients.append(try Client(port: server.port))
          if i % 2 == 0 { clients[i].send("GET /report HTTP/1.1\r\nHost: loc") }
        }
        #expect(try status(ask(server.port, "/report")) == 200)
        withExtendedLifetime(clients) {}
      }
    }
  }

  /// But not of those who are being answered: who listens goes on listening.
  @Test func listenersDoNotMakeRoom() throws {
    try inTemporaryFolder { folder in
      let paths = try makeRun(folder / "run", rows: 2)
      var limits = ClientLimits()
      limits.connections = 3
      try serving(folder / "run", limits: limits) { server in
        let listener = try Client(port: server.port)
        listener.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(listener.receive { $0.contains("\"step\" : 2") }.contains("\"step\" : 2"))
        let clients = try (0..<10).map { _ in try Client(port: server.port) }
        usleep(200_000)
        try append(row(3) + "\n", to: paths.metrics)
        #expect(listener.receive { $0.contains("\"step\" : 3") }.contains("\"step\" : 3"))
        withExtendedLifetime(clients) {}
      }
    }
  }

  /// Slow to ask, in drops; slow to take what they asked for. Each is left alone at the end of its time, and nobody
  /// waits for it.
  @Test func slowClients() throws {
    try inTemporaryFolder { folder in
      let paths = try makeRun(folder / "run", rows: 2, galleries: [5])
      try writeFile([UInt8](repeating: 7, count: 30_000_000), to: paths.sample(generatorSteps: 5))
      var limits = ClientLimits()
      (limits.askingTime, limits.answeringTime) = (.milliseconds(600), .seconds(3))
      try serving(folder / "run", limits: limits) { server in
        _ = try ask(server.port, "/report")
        let (asks, takes) = (try Client(port: server.port), try Client(port: server.port))
        asks.send("GET /report HTTP/1.1\r\nHost: localhost\r\nA: ")
        takes.send("GET /galleries/5 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for _ in 0..<35 {
          asks.send("a")
          usleep(100_000)
          #expect(try status(ask(server.port, "/report")) == 200)
        }
        #expect(asks.receive() == "")
        // What lay in between comes, and no more.
        #expect(takes.receive().utf8.count < 30_000_000)
        #expect(try ask(server.port, "/galleries/5").utf8.count > 30_000_000)
      }
    }
  }

  /// Nobody is told anything before the answer has begun, however many come at once.
  @Test func listenersThatComeTogether() throws {
    try inTemporaryFolder { folder in
      let paths = try makeRun(folder / "run", rows: 2)
      try serving(folder / "run") { server in
        for round in 0..<20 {
          let clients = try (0..<10).map { _ in try Client(port: server.port) }
          for client in clients { client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n") }
          try append(row(3 + round) + "\n", to: paths.metrics)
          for client in clients { #expect(status(client.receive { $0.contains("data:") }) == 200) }
        }
      }
    }
  }

  @Test func enoughListeners() throws {
    try inTemporaryFolder { folder in
      try makeRun(folder / "run", rows: 2)
      var limits = ClientLimits()
      limits.streams = 2
      try serving(folder / "run", limits: limits) { server in
        let clients = try (0..<3).map { _ in try Client(port: server.port) }
        let answers = clients.map { client in
          client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
          return client.receive { $0.contains("\r\n\r\n") }
        }
        #expect(answers.map(status) == [200, 200, 503])
      }
    }
  }

  /// Requests with bytes changed at random, in pieces of any size: each is answered or left, and others are served.
  @Test func requestsThatAreDamagedAtRandom() throws {
    try inTemporaryFolder { folder in
      try makeRun(folder / "run", rows: 20, galleries: [5])
      try serving(folder / "run") { server in
        var random = RandomStream(seed: 11, purpose: .test)
        func below(_ count: Int) -> Int { Int(random.nextWord()) % count }
        let targets = [
          "/", "/report", "/curves?columns=d_loss,swd&from=3&to=9&buckets=7", "/galleries/5?v=1", "/events", "/explore",
        ]
        for round in 0..<300 {
          var bytes = Array("GET \(targets[round % targets.count]) HTTP/1.1\r\nHost: localhost\r\nA: b\r\n\r\n".utf8)
          for _ in 0...below(4) {
            switch below(3) {
            case 0: bytes[below(bytes.count)] = UInt8(below(256))
            case 1: bytes.insert(UInt8(below(256)), at: below(bytes.count))
            default: bytes.remove(at: below(bytes.count))
            }
          }
          let client = try Client(port: server.port)
          while !bytes.isEmpty {
            let count = min(bytes.count, 1 + below(60))
            client.send(bytes: Array(bytes[..<count]))
            bytes.removeFirst(count)
          }
        }
        #expect(try status(ask(server.port, "/report")) == 200)
      }
    }
  }

  /// The form that goes to a proxy is taken by every server (RFC 9112, 3.2.2); whom it names counts.
  @Test func addressesInFull() throws {
    try inTemporaryFolder { folder in
      try makeRun(folder / "run", rows: 2)
      try serving(folder / "run") { server in
        let page = try ask(server.port, "http://localhost")
        #expect(page.contains("<title>wgan watch</title>"))
        #expect(try status(ask(server.port, "http://127.0.0.1:\(server.port)/report")) == 200)
        #expect(try status(ask(server.port, "http://evil.example/report")) == 421)
      }
    }
  }

  /// A client that asks again and again and takes nothing is answered when it takes: answers don't pile up for it, and
  /// what it's told is true then.
  @Test func answersAreMadeWhenTheyCanBeTaken() throws {
    try inTemporaryFolder { folder in
      let paths = try makeRun(folder / "run", rows: 2)
      try serving(folder / "run") { server in
        let client = try Client(port: server.port)
        // More than lies in between: 20 MB.
        let page = "GET /explorer.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
        client.send(String(repeating: page, count: 2000))
        client.send("GET /report HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        sleep(2)
        try append(row(3) + "\n", to: paths.metrics)
        let answers = client.receive()
        #expect(answers.utf8.count > 20_000_000 && answers.suffix(5000).contains("\"step\" : 3"))
      }
    }
  }

  /// A picture is read part by part while it is sent: all of it comes, and one that is cut meanwhile ends there.
  @Test func largePicturesComeInParts() throws {
    try inTemporaryFolder { folder in
      let paths = try makeRun(folder / "run", rows: 2, galleries: [1, 5])
      let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 9) & 0x7f }
      try writeFile(bytes, to: paths.sample(generatorSteps: 1))
      try writeFile([UInt8](repeating: 7, count: 30_000_000), to: paths.sample(generatorSteps: 5))
      try serving(folder / "run") { server in
        _ = try ask(server.port, "/report")
        let answer = Array(try ask(server.port, "/galleries/1").utf8)
        #expect(answer.count > bytes.count && answer.suffix(bytes.count).elementsEqual(bytes))
        let client = try Client(port: server.port)
        client.send("GET /galleries/5 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        usleep(300_000)
        try systemCall(paths.sample(generatorSteps: 5)) { truncate($0, 28_000_000) }
        // At once: nobody waits for the rest.
        let begun = ContinuousClock.now
        #expect(client.receive().utf8.count < 30_000_000 && ContinuousClock.now - begun < .seconds(8))
        #expect(try status(ask(server.port, "/report")) == 200)
      }
    }
  }

  /// One after the other on one connection, also sent at once.
  @Test func aConnectionIsUsedAgain() throws {
    try inTemporaryFolder { folder in
      try makeRun(folder / "run", rows: 2)
      try serving(folder / "run") { server in
        let client = try Client(port: server.port)
        let request = "GET /columns HTTP/1.1\r\nHost: localhost\r\n\r\n"
        client.send(request + request + request)
        let answers = client.receive { $0.components(separatedBy: "HTTP/1.1 200").count == 4 && $0.hasSuffix("}\n") }
        #expect(answers.components(separatedBy: "HTTP/1.1 200 OK").count == 4)
      }
    }
  }

  @Test func aPortThatIsTaken() throws {
    try inTemporaryFolder { folder in
      try makeRun(folder / "run", rows: 2)
      try serving(folder / "run") { server in
        let failure = #expect(throws: Failure.self) {
          try WatchServer(WatchRequest(run: folder / "run", port: server.port))
        }
        #expect(failure?.kind == .cannotCreate)
        #expect(failure?.description.contains("port \(server.port) is taken") == true)
        #expect(failure?.description.contains("--port ") == true)
      }
    }
  }

  /// There is none behind the last one, and nothing breaks for that.
  @Test func theLastPortIsTaken() throws {
    try inTemporaryFolder { folder in
      try makeRun(folder / "run", rows: 2)
      let first = try? WatchServer(WatchRequest(run: folder / "run", port: 65535))
      let failure = #expect(throws: Failure.self) { try WatchServer(WatchRequest(run: folder / "run", port: 65535)) }
      #expect(failure?.description.hasSuffix("give another as --port") == true)
      try first?.stop()
    }
  }

  /// The names that a folder goes by don't matter to who reads where it is.
  @Test func whereItIs() throws {
    try inTemporaryFolder { folder in
      try makeRun(folder / "run", rows: 2)
      let place = try realPath(folder / "run").text
      try serving(folder / "run/samples/..") { server in #expect(server.run == place) }
    }
  }

  @Test(arguments: [
    "", "127.1", "1", "0x7f.0.0.1", "256.1.1.1", "localhost:8765", "http://localhost", "[::1", "[]", "a b",
    "fe80::1%lo",
    "ünicode",
  ]) func whatIsNoHost(host: String) {
    let failure = #expect(throws: Failure.self) { try WatchRequest(host: host, token: "a-long-enough-word").check() }
    #expect(failure?.kind == .usage && failure?.description.hasPrefix("--host \(host)") == true)
  }

  @Test func hostsAsAddressesOfPagesHaveThem() throws {
    let request = WatchRequest(host: "[::1]")
    try request.check()
    #expect(request.host == "::1" && request.url(port: 5) == "http://[::1]:5/")
  }

  @Test func otherMachinesNeedAToken() throws {
    for host in ["0.0.0.0", "192.168.1.7", "::", "machine"] {
      let failure = #expect(throws: Failure.self) { try WatchRequest(host: host).check() }
      #expect(failure?.kind == .usage && failure?.description.contains("--token") == true)
      try WatchRequest(host: host, token: WatchRequest.makeToken()).check()
    }
    for host in ["127.0.0.1", "127.9.9.9", "::1", "localhost"] { try WatchRequest(host: host).check() }
    for token in ["short", "with a blank in it", "ünicode-ünicode", String(repeating: "a", count: 200)] {
      #expect(throws: Failure.self) { try WatchRequest(token: token).check() }
    }
    #expect(WatchRequest.makeToken() != WatchRequest.makeToken() && WatchRequest.makeToken().count == 32)
    #expect(WatchRequest(host: "::1").url(port: 5) == "http://[::1]:5/")
  }
}
