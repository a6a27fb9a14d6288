// How many clients there may be, and which one goes when another comes.

import NIOCore
import Synchronization

/// What a client may take.
package struct ClientLimits: Sendable {
  package var connections = 64
  /// Pages that listen.
  package var streams = 16
  /// To say what is wanted.
  package var askingTime = TimeAmount.seconds(20)
  /// To take the answer.
  package var answeringTime = TimeAmount.seconds(60)

  package init() {}
}

/// Where the process has no descriptor left, a connection that waits can't be taken: it is tried again later, not all
/// the time. (NIO's AcceptBackoffHandler puts off the next read, and there is none: the one that failed counts as
/// pending.)
final class AcceptPause: ChannelInboundHandler {
  typealias InboundIn = any Channel

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    let channel = context.channel
    try? channel.syncOptions?.setOption(.autoRead, value: false)
    context.eventLoop.scheduleTask(in: .milliseconds(250)) { channel.setOption(.autoRead, value: true) }
  }
}

/// The open connections. Who hasn't said what it wants makes room for who comes: silent ones can't keep others out.
final class Connections: Sendable {
  let limits: ClientLimits
  private let state = Mutex(State())

  private struct State {
    var open: [ObjectIdentifier: Connection] = [:]
  }

  private struct Connection {
    let channel: any Channel
    /// Since when it has had the time to ask; nil: it's being answered.
    var waitsSince: NIODeadline?
    var isStream = false
    /// A stream whose answer has begun.
    var listens = false
  }

  init(_ limits: ClientLimits) { self.limits = limits }

  /// - Returns: false where all are being answered, and there is no room.
  func admit(_ channel: any Channel) -> Bool {
    let (isAdmitted, leaves) = state.withLock { state -> (Bool, (any Channel)?) in
      var leaves: (any Channel)?
      if state.open.count >= limits.connections {
        let oldest = state.open.filter { $0.value.waitsSince != nil }.min {
          ($0.value.waitsSince ?? .distantFuture) < ($1.value.waitsSince ?? .distantFuture)
        }
        guard let oldest else { return (false, nil) }
        state.open[oldest.key] = nil
        leaves = oldest.value.channel
      }
      state.open[ObjectIdentifier(channel)] = Connection(channel: channel, waitsSince: .now())
      return (true, leaves)
    }
    leaves?.close(promise: nil)
    return isAdmitted
  }

  func remove(_ channel: any Channel) { state.withLock { $0.open[ObjectIdentifier(channel)] = nil } }

  func isAnswered(_ channel: any Channel) { state.withLock { $0.open[ObjectIdentifier(channel)]?.waitsSince = nil } }

  func waits(_ channel: any Channel) {
    state.withLock { $0.open[ObjectIdentifier(channel)]?.waitsSince = .now() }
  }

  /// - Returns: false where there are enough streams.
  func becomesStream(_ channel: any Channel) -> Bool {
    state.withLock { state in
      if state.open.values.count(where: { $0.isStream }) >= limits.streams { return false }
      state.open[ObjectIdentifier(channel)]?.isStream = true
      return true
    }
  }

  func listens(_ channel: any Channel) { state.withLock { $0.open[ObjectIdentifier(channel)]?.listens = true } }

  /// Who may be told something.
  var listeners: [any Channel] { state.withLock { $0.open.values.filter(\.listens).map(\.channel) } }
}
