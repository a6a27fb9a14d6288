// The object files of the kernel modules, and the tools that look into them.

import Foundation
import Testing

enum KernelObjects {
  static func files(of module: String) throws -> [URL] {
    let directory = try buildDirectory().appendingPathComponent(module + ".build")
    let objects = try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "o" }
    try #require(!objects.isEmpty, "no object files in \(directory.path)")
    return objects
  }

  /// `.build/<triple>/<configuration>`, where the test binary lies.
  static func buildDirectory() throws -> URL {
    #if os(Linux)
      let binary = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    #else
      let binary = Bundle.main.executablePath ?? CommandLine.arguments[0]
    #endif
    var directory = URL(fileURLWithPath: binary).deletingLastPathComponent()
    while directory.path.count > 1 {
      if FileManager.default.fileExists(atPath: directory.appendingPathComponent("KernelsPortable.build").path) {
        return directory
      }
      directory.deleteLastPathComponent()
    }
    throw CocoaError(.fileNoSuchFile)
  }

  static func run(_ tool: String, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [tool] + arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(tool) failed: install binutils")
    return String(decoding: data, as: UTF8.self)
  }
}
