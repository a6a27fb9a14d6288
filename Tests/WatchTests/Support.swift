// Runs for the tests.

import Configuration
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
