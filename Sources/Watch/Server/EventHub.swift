// Tells who listens what is new of the run: looks at it each second while somebody listens, and never else.

import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

final class EventHub: Sendable {
  private let site: Site
  private let connections: Connections
  private let reader: NIOThreadPool
  private let loop: any EventLoop
  private let state = Mutex(State())

  private struct State {
    var isRunning = false
    var last: [UInt8] = []
    var lastSent = NIODeadline.now()
  }

  private static let period = TimeAmount.seconds(1)
  /// Without it nobody finds out that a client has left.
  private static let heartbeat = TimeAmount.seconds(15)

  init(_ site: Site, _ connections: Connections, reader: NIOThreadPool, loop: any EventLoop) {
    (self.site, self.connections, self.reader, self.loop) = (site, connections, reader, loop)
  }

  /// Somebody listens, whose answer has begun, and has what is known at once.
  func begin(_ channel: any Channel) {
    connections.listens(channel)
    let (last, begins) = state.withLock { state in
      defer { state.isRunning = true }
      return (state.last, !state.isRunning)
    }
    if !last.isEmpty && !begins { send(Self.event(last), to: channel) }
    if begins { look() }
  }

  private func look() {
    if connections.listeners.isEmpty {
      // Who comes next gets what is true then.
      state.withLock {
        $0.isRunning = false; $0.last = []
      }
      return
    }
    reader.runIfActive(eventLoop: loop) { [site] in site.follow() }.whenSuccess { [self] report, isBehind in
      tell(report)
      loop.scheduleTask(in: isBehind ? .milliseconds(1) : Self.period) { [self] in look() }
    }
  }

  private func tell(_ report: [UInt8]) {
    let bytes = state.withLock { state -> [UInt8]? in
      let now = NIODeadline.now()
      if report != state.last {
        (state.last, state.lastSent) = (report, now)
        return Self.event(report)
      }
      guard now - state.lastSent >= Self.heartbeat else { return nil }
      state.lastSent = now
      return Array(":\n\n".utf8)
    }
    guard let bytes else { return }
    for channel in connections.listeners { send(bytes, to: channel) }
  }

  private func send(_ bytes: [UInt8], to channel: any Channel) {
    // Who doesn't read what comes is left; a browser asks again.
    guard channel.isWritable else {
      channel.close(promise: nil)
      return
    }
    channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: bytes))), promise: nil)
  }

  /// Each line of the data is a line of the event's.
  private static func event(_ data: [UInt8]) -> [UInt8] {
    data.split(separator: UInt8(ascii: "\n")).flatMap { Array("data: ".utf8) + $0 + [UInt8(ascii: "\n")] }
      + [UInt8(ascii: "\n")]
  }
}
