import Configuration
import Synchronization
import SystemSupport
import TestSupport
import Testing
import WGAN

@Suite struct RunFoldersTests {
  /// A run's name can be typed, and is one on every system.
  @Test(arguments: [
    ("/no/where/faces", "faces"), ("/no/where/My Photos (2)", "My-Photos--2"), ("/no/where/celeba.tar.gz", "celeba"),
    ("/no/where/a.zip", "a"), ("/no/where/list.csv", "list"), ("/no/where/..hidden", "hidden"),
    ("/no/where/???", "run"),
    ("synthetic", "synthetic"), ("Pictures/faces/", "faces"), ("/no/where/日本", "日本"), ("/", "run"),
  ]) func namesAreSafe(path: String, name: String) {
    #expect(RunFolders.name(of: [path]) == name)
    #expect(RunFolders.name(of: [path, "other"]) == name)
  }

  /// A link's own name is what was typed.
  @Test func aLinkKeepsItsName() throws {
    try inTemporaryFolder { folder in
      try makeFolder(folder / "IMG_2024")
      _ = symlink("IMG_2024", folder / "faces")
      #expect(RunFolders.name(of: [folder / "faces"]) == "faces")
      #expect(RunFolders.name(of: [folder / "faces/."]) == "IMG_2024")
    }
  }

  @Test func longNamesAreCut() {
    let name = RunFolders.name(of: ["/no/" + String(repeating: "é", count: 200)])
    #expect(name.utf8.count <= 44)
  }
}

/// Protects: what a run's end says of its length is what was measured.
@Suite struct RunOutlookTests {
  func verdict(
    _ distances: [Float], preset: TrainingConfiguration = .demo, heldOut: Int = 256, steps: Int = 5000
  ) -> RunOutlook.Verdict {
    var curves = LossCurves()
    for (i, distance) in distances.enumerated() {
      curves.append(step: 100 * (i + 1), wasserstein: 0, heldOut: nil, distance: distance)
    }
    let configuration = RunConfiguration(data: ["synthetic"], training: preset)
    return RunOutlook(curves, configuration, heldOut: heldOut, steps: steps).verdict
  }

  @Test func theTrendDecides() {
    #expect(verdict((0..<20).map { 40 - Float($0) }) == .nearer(1 - Double(Float(23) / 28)))
    #expect(verdict((0..<20).map { 20 + Float($0 % 2) }) == .settled)
    if case .farther = verdict((0..<20).map { 20 + Float($0) }) {} else { Issue.record("it went away") }
    #expect(verdict([Float](repeating: .nan, count: 20)) == .unknown(nil))
    #expect(verdict([3, 2, 1]) == .unknown(nil))
    // From few pictures there is no trend.
    for few in [4, 75] { #expect(verdict((0..<20).map { 40 - Float($0) }, heldOut: few) == .unknown(nil)) }
  }

  /// Portraits alone were looked at, and only where nothing else is known.
  @Test func expectationsAreOfPortraits() {
    guard case .unknown(let next?) = verdict([], preset: .photos, steps: 100) else {
      Issue.record("photos has expectations")
      return
    }
    #expect(next.generatorSteps > 100)
    let configuration = RunConfiguration(data: ["x"], training: .photos)
    let line = RunOutlook(LossCurves(), configuration, heldOut: 60, steps: 100).line(RunPaths("my run"))
    #expect(line.contains("portraits") && line.contains("wgan train --out 'my run' --resume"), "\(line)")
    #expect(verdict([], preset: .photos, steps: 1_000_000) == .unknown(nil))
    // Where nobody knows, a handful of steps isn't answered by twice a handful.
    let demo = RunConfiguration(data: ["x"], training: .demo)
    let few = RunOutlook(LossCurves(), demo, heldOut: 4, steps: 1).line(RunPaths("r"))
    #expect(few.hasPrefix("whether 1 generator step was enough") && few.contains("--generator-steps 1000"), "\(few)")
  }
}
