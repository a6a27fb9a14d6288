// Clients for tests of a server.

import SystemSupport

/// A client's end of a connection, as bytes.
package final class Client {
  private let descriptor: Int32

  package init(port: Int) throws {
    // What is sent to a server that has closed fails, and ends nobody.
    signal(SIGPIPE, SIG_IGN)
    descriptor = try systemCall { socket(AF_INET, streamSocket, 0) }
    var time = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
    let place = address
    _ = try systemCall {
      withUnsafePointer(to: place) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    }
  }

  deinit { close(descriptor) }

  package func send(_ text: String) { send(bytes: Array(text.utf8)) }

  package func send(bytes: [UInt8]) { _ = SystemSupport.send(descriptor, bytes, bytes.count, 0) }

  /// What comes, until the server closes, the client has waited long enough, or `enough` says so.
  package func receive(until enough: ((String) -> Bool)? = nil) -> String {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count <= 0 { break }
      all += buffer[..<count]
      if let enough, enough(String(decoding: all, as: UTF8.self)) { break }
    }
    return String(decoding: all, as: UTF8.self)
  }
}

/// One request's answer: all of it, the connection closed behind it.
package func ask(
  _ port: Int, _ target: String, method: String = "GET", host: String = "localhost", _ more: String = ""
) throws -> String {
  let client = try Client(port: port)
  client.send("\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\(more)\r\n")
  return client.receive()
}

/// The number of an answer's first line; nil where there is none.
package func status(_ answer: String) -> Int? { answer.split(separator: " ").dropFirst().first.flatMap { Int($0) } }
