// Runs and clients for the tests.

import Configuration
import Foundation
import SystemSupport
import TestSupport
import Training
import WGAN

import Watch

let header = "step,epoch,seconds,d_loss,g_loss,real_loss,fake_loss,wasserstein,swd,duplicates"

/// The row of a step; each fifth has distances.
func row(_ step: Int, loss: String? = nil) -> String {
  let loss = loss ?? "\(Double(step) / 8)"
  return "\(step),1,\(step / 2).500,\(loss),0.25,1.5,0.5,-1,\(step % 5 == 0 ? "20.5,0" : ",")"
}

func metrics(_ steps: some Sequence<Int>) -> String { header + "\n" + steps.map { row($0) + "\n" }.joined() }

func append(_ text: String, to path: String) throws {
  let descriptor = try openFile(path, O_WRONLY | O_APPEND | O_CREAT)
  try writeBytes(Array(text.utf8), to: descriptor)
  try closeFile(descriptor)
}

/// A run's folder as the tool makes it, without having trained.
@discardableResult
func makeRun(_ path: String, steps: Int = 12, rows: Int = 0, galleries: [Int] = []) throws -> RunPaths {
  let paths = RunPaths(path)
  let configuration = RunConfiguration(data: ["synthetic"], training: .demo, length: .generatorSteps(steps))
  try makeFolder(paths.samples)
  try makeFolder(paths.checkpoints.path)
  try writeFile(RunJSON.encode(configuration), to: paths.config)
  if rows > 0 { try writeFile(Array(metrics(1...rows).utf8), to: paths.metrics) }
  for step in galleries { try writeFile(Array("picture \(step)".utf8), to: paths.sample(generatorSteps: step)) }
  return paths
}

/// A client's end of a connection, as bytes.
final class Client {
  private let descriptor: Int32

  init(port: Int) throws {
    descriptor = try systemCall { socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
    var time = timeval(tv_sec: 10, tv_usec: 0)
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

  func send(_ text: String) { send(bytes: Array(text.utf8)) }

  func send(bytes: [UInt8]) { _ = SystemSupport.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

  /// What comes, until the server closes, the client has waited long enough, or `enough` says so.
  func receive(until enough: ((String) -> Bool)? = nil) -> String {
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
func ask(_ port: Int, _ target: String, method: String = "GET", host: String = "localhost", _ more: String = "") throws
  -> String
{
  let client = try Client(port: port)
  client.send("\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\(more)\r\n")
  return client.receive()
}

func status(_ answer: String) -> Int? { answer.split(separator: " ").dropFirst().first.flatMap { Int($0) } }
