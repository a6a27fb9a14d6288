// A run's folder, to be read. Who writes it claims it first (RunClaim.swift); a reader takes no lock.
//
//     config.json      every resolved value
//     metrics.csv      one row per generator step
//     curves.svg       what the rows say of the Wasserstein estimate, drawn
//     real.png         some of the pictures that are trained on
//     pictures.txt     the names and sizes of the files that are learned from
//     samples/         galleries of one fixed noise batch: 000500.png after 500 generator steps
//     final.png        of pictures that are small: the last gallery, enlarged for people
//     checkpoints/     the last few states: 000500.safetensors and 000500.json
//     tensorboard/     with --tensorboard: event files, one for each part of the run
//
// And what was set aside, never removed: metrics.csv.damaged, checkpoints/*.broken, *.kept (tensors whose
// JSON is gone), *.rolled-back, *.before of a run begun anew.

import SystemSupport

/// Where the parts of the run in the folder `path` are.
package struct RunPaths: Sendable {
  package let path: String

  package init(_ path: String) { self.path = path }

  package var config: String { joinPath(path, "config.json") }
  package var metrics: String { joinPath(path, "metrics.csv") }
  package var curves: String { joinPath(path, "curves.svg") }
  package var real: String { joinPath(path, "real.png") }
  package var pictures: String { joinPath(path, "pictures.txt") }
  package var final: String { joinPath(path, "final.png") }
  package var samples: String { joinPath(path, "samples") }
  package var events: String { joinPath(path, "tensorboard") }
  package var checkpoints: CheckpointFolder { CheckpointFolder(joinPath(path, "checkpoints")) }

  /// The names of the files that a run keeps in its folder, beside its galleries and checkpoints.
  package static let files: Set = [
    "config.json", "metrics.csv", "curves.svg", "real.png", "pictures.txt", "final.png",
  ]

  package func sample(generatorSteps: Int) -> String { joinPath(samples, zeroPadded(generatorSteps) + ".png") }

  /// The galleries that are there, in the order of their generator steps.
  /// - Throws: `Failure`.
  package func galleries() throws(Failure) -> [(generatorSteps: Int, path: String)] {
    if !fileExists(samples) { return [] }
    return try NumberedPictures.numbers(in: samples).map { ($0, sample(generatorSteps: $0)) }
  }

  /// The run's configuration, checked.
  ///
  /// - Throws: `Failure`: `.missing` where this isn't a run's folder, `.badData` for a file that no run can have.
  package func configuration() throws -> RunConfiguration {
    let bytes: [UInt8]
    do {
      bytes = try readFile(config, limit: 1 << 20)
    } catch {
      if error.kind != .missing { throw error }
      throw Failure(.missing, "\(path): \(RunFolders.whatIsThere(path))")
    }
    let configuration = try RunJSON.decode(RunConfiguration.self, from: bytes, source: config)
    if configuration.data.isEmpty { throw Failure(.badData, "\(config): \"data\" is empty: a run has pictures") }
    do {
      try configuration.validate()
    } catch {
      throw Failure(.badData, "\(config): \(error)")
    }
    return configuration
  }
}

/// The path, or one beside it that isn't taken: "metrics.csv.damaged-2".
func freePath(_ path: String) -> String {
  var (free, number) = (path, 1)
  while fileExists(free) {
    number += 1
    free = "\(path)-\(number)"
  }
  return free
}

/// 500 -> "000500", so that names sort as numbers do.
func zeroPadded(_ number: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, 6 - digits.count)) + digits
}
