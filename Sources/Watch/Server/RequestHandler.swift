// One connection: a request is judged, answered, and then the next one may come. Who takes too long goes.

import NIOCore
import NIOHTTP1
import NIOPosix

final class RequestHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let access: Access
  private let site: Site
  private let connections: Connections
  private let hub: EventHub
  private let workers: Workers
  private var deadline: Scheduled<Void>?
  private var asked: Result<Asked, Refusal>?
  private var keepsAlive = true
  /// Came while answers before it weren't taken yet: what is in hand for a client stays bounded.
  private var waiting: Result<Asked, Refusal>?
  /// Requests whose answers weren't taken yet: the one that is answered, and the one that waits.
  private var open = 0

  init(_ access: Access, _ site: Site, _ connections: Connections, _ hub: EventHub, _ workers: Workers) {
    (self.access, self.site, self.connections, self.hub, self.workers) = (access, site, connections, hub, workers)
  }

  func channelActive(context: ChannelHandlerContext) {
    setDeadline(connections.limits.askingTime, context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    connections.remove(context.channel)
    context.fireChannelInactive()
  }

  /// What isn't HTTP is told so while it may be: the decoder closes the connection when this returns. (It comes between
  /// answers only: HTTPServerPipelineHandler keeps it back until the one that is being given has ended.)
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let error = error as? HTTPParserError else { return context.close(promise: nil) }
    keepsAlive = false
    open += 1
    let refusal =
      switch error {
      case .headerOverflow: Refusal(.requestHeaderFieldsTooLarge, "the request's head is too long: 16 KB are the most")
      default: Refusal(.badRequest, "that isn't a request of HTTP/1.1")
      }
    send(Answer(refusal), isHead: false, context)
  }

  private func setDeadline(_ time: TimeAmount, _ context: ChannelHandlerContext) {
    deadline?.cancel()
    let channel = context.channel
    deadline = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch Self.unwrapInboundIn(data) {
    case .head(let head):
      keepsAlive = head.isKeepAlive
      asked = Result { () throws(Refusal) in try Asked(head, access) }
    case .body:
      // It wasn't announced, or it was and is refused already.
      if case .success? = asked { asked = .failure(Refusal(.payloadTooLarge, "this server takes no content")) }
      keepsAlive = false
    case .end:
      guard let asked else { return }
      self.asked = nil
      open += 1
      connections.isAnswered(context.channel)
      setDeadline(connections.limits.answeringTime, context)
      if context.channel.isWritable { answer(asked, context) } else { waiting = asked }
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable, let asked = waiting {
      waiting = nil
      answer(asked, context)
    }
    context.fireChannelWritabilityChanged()
  }

  private func answer(_ asked: Result<Asked, Refusal>, _ context: ChannelHandlerContext) {
    switch asked {
    case .failure(let refusal):
      keepsAlive = false
      send(Answer(refusal), isHead: false, context)
    case .success(let asked) where asked.signsIn:
      var answer = Answer("text/plain; charset=utf-8", .bytes([]), status: .seeOther)
      answer.headers.add(name: "location", value: "/")
      answer.headers.add(name: "set-cookie", value: access.cookie)
      send(answer, isHead: asked.isHead, context)
    case .success(let asked):
      if asked.route == .events, !asked.isHead, !connections.becomesStream(context.channel) {
        keepsAlive = false
        return send(Answer(Refusal(.serviceUnavailable, "too many pages are open")), isHead: false, context)
      }
      let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      workers.thread(for: asked.route).runIfActive(eventLoop: context.eventLoop) { [site] in site.answer(asked.route) }
        .whenComplete { result in
          let (handler, context) = bound.value
          let answer = (try? result.get()) ?? Answer(Refusal(.serviceUnavailable, "the server ends"))
          handler.send(answer, isHead: asked.isHead, context)
        }
    }
  }

  private func send(_ answer: Answer, isHead: Bool, _ context: ChannelHandlerContext) {
    var head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: answer.headers)
    if !keepsAlive { head.headers.add(name: "connection", value: "close") }
    context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
    if isHead { return endAnswer(context) }
    switch answer.body {
    case .bytes(let bytes):
      context.write(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
      endAnswer(context)
    case .file(let file):
      send(file, from: 0, context)
    case .events:
      deadline?.cancel()
      context.flush()
      hub.begin(context.channel)
    }
  }

  /// Of a file that is sent so much is in hand: the next part is read when the client has taken this one.
  private static let part = 256 << 10

  private func send(_ file: SentFile, from place: Int, _ context: ChannelHandlerContext) {
    if place == file.size { return endAnswer(context) }
    let range = place..<min(place + Self.part, file.size)
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    workers.reader.runIfActive(eventLoop: context.eventLoop) { try file.bytes(range) }.flatMap { bytes in
      bound.value.1.writeAndFlush(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))))
    }.whenComplete { result in
      let (handler, context) = bound.value
      // A file that was cut meanwhile: that not all of it came is told by the connection's end.
      guard case .success = result else { return context.close(promise: nil) }
      handler.send(file, from: range.upperBound, context)
    }
  }

  private func endAnswer(_ context: ChannelHandlerContext) {
    let channel = context.channel
    // Of this request: when the answer was taken, another one may have come.
    let keepsAlive = keepsAlive
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    context.writeAndFlush(Self.wrapOutboundOut(.end(nil))).whenComplete { result in
      let (handler, context) = bound.value
      guard case .success = result, keepsAlive else { return context.close(promise: nil) }
      handler.open -= 1
      if handler.open > 0 { return }
      handler.connections.waits(channel)
      handler.setDeadline(handler.connections.limits.askingTime, context)
    }
  }
}
