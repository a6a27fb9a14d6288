// `wgan watch`: a page that shows a run, in a browser on this machine. It only reads the run's folder: training never
// waits for it and can't be hurt by it. docs/Watch.md says what the page shows and what keeps it safe.

import NIOCore
import NIOHTTP1
import NIOPosix
import SystemSupport

/// What is to be shown, and where.
package struct WatchRequest: Sendable {
  /// A run's folder, or one that has runs in it; nil: the newest there is.
  package var run: String?
  package var host: String
  /// 0: any that is free.
  package var port: Int
  package var token: String?

  package static let defaultHost = "127.0.0.1"
  package static let defaultPort = 8765

  /// - Parameter host: "[::1]", as addresses of pages have it, is "::1".
  package init(run: String? = nil, host: String = defaultHost, port: Int = defaultPort, token: String? = nil) {
    let isInBrackets = host.hasPrefix("[") && host.hasSuffix("]") && host.utf8.count > 2
    (self.run, self.port, self.token) = (run, port, token)
    self.host = isInBrackets ? String(host.dropFirst().dropLast()) : host
  }
}

/// A server that listens. It ends with the process, or with `stop`.
package final class WatchServer: Sendable {
  /// The run's folder.
  package let run: String
  /// A line where others could have been meant.
  package let note: String?
  /// What a browser opens.
  package let url: String
  package let port: Int
  private let group: MultiThreadedEventLoopGroup
  private let workers = Workers()
  private let channel: any Channel

  /// - Throws: `Failure`.
  package init(_ request: WatchRequest, limits: ClientLimits = ClientLimits()) throws {
    try request.check()
    let connections = Connections(limits)
    let found = try RunFinder(request.run)
    (run, note) = (Self.shown(found.run), found.note)
    group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    workers.start()
    do {
      let loop = group.next()
      let site = Site(run)
      let hub = EventHub(site, connections, reader: workers.reader, loop: loop)
      channel = try Self.listen(request, group, site, connections, hub, workers)
    } catch {
      workers.stop()
      group.shutdownGracefully { _ in }
      throw error
    }
    port = channel.localAddress?.port ?? request.port
    url = request.url(port: port)
  }

  /// The folder by its own name, wherever `.` and `..` lead to.
  private static func shown(_ run: String) -> String {
    guard FilePath(run).components.contains(".."), let real = try? realPath(run).text else { return absolutePath(run) }
    return real
  }

  /// Waits until `stop`.
  package func wait() throws { try channel.closeFuture.wait() }

  package func stop() throws {
    try channel.close().wait()
    try group.syncShutdownGracefully()
    workers.stop()
  }

  private static func listen(
    _ request: WatchRequest, _ group: MultiThreadedEventLoopGroup, _ site: Site, _ connections: Connections,
    _ hub: EventHub, _ workers: Workers
  ) throws(Failure) -> any Channel {
    let hosts = request.names
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 64)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(AcceptPause()) }
      }
      .childChannelInitializer { channel in
        guard connections.admit(channel) else { return channel.close() }
        let port = channel.localAddress?.port ?? request.port
        return channel.eventLoop.makeCompletedFuture {
          var limits = NIOHTTPDecoderLimitConfiguration()
          (limits.maxHeaderFieldSize, limits.maxHeaderListSize, limits.maxHeaderFieldCount) = (8 << 10, 16 << 10, 64)
          try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withErrorHandling: false, withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
          try channel.pipeline.syncOperations.addHandler(
            RequestHandler(
              Access(hosts: hosts, token: request.token, port: port), site, connections, hub, workers))
        }
      }
      .childChannelOption(.writeBufferWaterMark, value: .init(low: 64 << 10, high: 256 << 10))
      .childChannelOption(.maxMessagesPerRead, value: 1)
    do {
      return try bootstrap.bind(host: request.host, port: request.port).wait()
    } catch {
      throw request.failure(toListen: error) { port in
        guard let channel = try? bootstrap.bind(host: request.host, port: port).wait() else { return false }
        try? channel.close().wait()
        return true
      }
    }
  }
}

// MARK: - What is asked for

extension WatchRequest {
  private var isLoopback: Bool { host == "localhost" || HostAddress(host)?.isLoopback == true }

  /// - Throws: `Failure(.usage)`.
  package func check() throws(Failure) {
    if !(0...65535).contains(port) { throw Failure(.usage, "--port \(port): must be from 0 to 65535") }
    if run?.isEmpty == true {
      throw Failure(.usage, "the run's path is empty: name a run's folder, or leave it out for the newest one")
    }
    try checkHost()
    guard let token else {
      if isLoopback { return }
      throw Failure(
        .usage,
        "--host \(host): other machines may see the page then: give a --token that they must know, or "
          + "--token auto for one made here")
    }
    let isPlain = token.utf8.allSatisfy { byte in
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
        || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
    if !isPlain || !(12...128).contains(token.utf8.count) {
      throw Failure(.usage, "--token: 12 to 128 letters, digits, - and _ are wanted, or 'auto'")
    }
  }

  /// Whether it is an address in numbers, or a name that may be one's.
  private func checkHost() throws(Failure) {
    if host.isEmpty { throw Failure(.usage, "--host is empty: give an address of this machine") }
    if HostAddress(host) != nil { return }
    let labels = host.split(separator: ".", omittingEmptySubsequences: false)
    let isName = host.utf8.allSatisfy { byte in
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
        || [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_")].contains(byte)
    }
    guard isName else {
      throw Failure(
        .usage,
        "--host \(host): give an address of this machine in numbers, as in 127.0.0.1 or ::1, or its name, and nothing "
          + "else; the port is --port's")
    }
    // The system would make an address of what ends with a number: 127.1 is 127.0.0.1, and 1 is 0.0.0.1.
    if let last = labels.last, last.first?.isNumber == true {
      throw Failure(.usage, "--host \(host): isn't a whole address: give all four numbers, as in 127.0.0.1")
    }
  }

  /// Why nobody can listen there, in our own words.
  /// - Parameter isFree: whether one can at another port.
  fileprivate func failure(toListen error: any Error, isFree: (_ port: Int) -> Bool) -> Failure {
    switch (error as? IOError)?.errnoCode {
    case EADDRINUSE:
      let free = (port..<min(65535, port + 100)).lazy.map { $0 + 1 }.first(where: isFree)
      return Failure(
        .cannotCreate,
        "port \(port) is taken, perhaps by another wgan watch: give another"
          + (free.map { ", for example --port \($0)" } ?? " as --port"))
    case EACCES:
      return Failure(.cannotCreate, "port \(port) isn't for everybody: give one from 1024 on as --port")
    case EADDRNOTAVAIL:
      return Failure(
        .cannotCreate,
        "--host \(host): isn't an address of this machine: give one of its own, or 0.0.0.0 for all of them")
    case let code?:
      return Failure(
        .cannotCreate, "can't listen at \(host), port \(port): \(SystemError(code: code)); give another --host")
    case nil:
      return Failure(
        .cannotCreate, "--host \(host): no address is known of that name: give one of this machine in numbers")
    }
  }

  /// 128 random bits.
  package static func makeToken() -> String {
    var generator = SystemRandomNumberGenerator()
    return (0..<2).map { _ in
      let digits = String(generator.next() as UInt64, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }

  /// The names that requests may call this machine by, beside addresses in numbers.
  var names: Set<String> {
    var names: Set = ["localhost", host.lowercased()]
    var name = [CChar](repeating: 0, count: 256)
    if !isLoopback, gethostname(&name, name.count - 1) == 0 {
      let bytes = name.prefix { $0 != 0 }.map { UInt8(truncatingIfNeeded: $0) }
      names.insert(String(decoding: bytes, as: UTF8.self).lowercased())
    }
    return names
  }

  /// What a browser opens: of an address that stands for all of them, this machine's own.
  package func url(port: Int) -> String {
    let address = HostAddress(host)
    let shown =
      host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "[::1]" : address?.isVersion6 == true ? "[\(host)]" : host
    return "http://\(shown):\(port)/" + (token.map { "?token=\($0)" } ?? "")
  }
}
