import Compute
import Configuration
import NIOHTTP1
import SystemSupport
import TestSupport
import Testing
import Training
import WGAN

import Watch

/// Protects: the explorer draws what the command line draws, from the checkpoints that there are.
@Suite struct ExplorerTests {
  private func request(_ query: String) throws(Refusal) -> ExploreRequest {
    let head = HTTPRequestHead(
      version: .http1_1, method: .GET, uri: "/explore/grid.png?" + query, headers: HTTPHeaders([("host", "localhost")]))
    let asked = try Asked(head, Access(hosts: ["localhost"], token: nil, port: 1))
    guard case .explore(let request) = asked.route else { throw Refusal(.notFound, "another route") }
    return request
  }

  @Test func whatIsAskedFor() throws {
    let asked = try request("checkpoint=000500&seeds=1,5,9-11&truncation=0.75&moves=0_1.5,3_-2&columns=4")
    #expect(asked.form == .grid && asked.checkpoint == "000500" && asked.seeds == [1, 5, 9, 10, 11])
    #expect(asked.truncation == 0.75 && asked.columns == 4)
    #expect(asked.moves.map(\.direction) == [0, 3] && asked.moves.map(\.distance) == [1.5, -2])
  }

  @Test func howManyFrames() throws {
    func form(_ target: String) throws -> Route {
      let head = HTTPRequestHead(
        version: .http1_1, method: .GET, uri: target, headers: HTTPHeaders([("host", "localhost")]))
      return try Asked(head, Access(hosts: ["localhost"], token: nil, port: 1)).route
    }
    for (name, expected) in [("walk", ExploreRequest.Form.walk(frames: 7)), ("film", .film(frames: 7))] {
      guard case .explore(let asked) = try form("/explore/\(name).png?seeds=1,2&frames=7") else {
        return #expect(Bool(false))
      }
      #expect(asked.form == expected)
      for wrong in ["seeds=1&frames=7", "seeds=1-9&frames=7", "seeds=1,2&frames=9999"] {
        #expect(throws: Refusal.self) { try form("/explore/\(name).png?\(wrong)") }
      }
    }
  }

  @Test(arguments: [
    "", "seeds=", "seeds=1-100", "seeds=x", "seeds=5-1", "seeds=1&truncation=0", "seeds=1&truncation=2",
    "seeds=1&truncation=nan", "seeds=1&moves=0", "seeds=1&moves=99_1", "seeds=1&moves=0_9", "seeds=1&moves=0_1,0_1",
    "seeds=1&moves=0_1e1", "seeds=1&columns=0", "seeds=1&columns=99", "seeds=1&run=x", "seeds=1&checkpoint=",
  ]) func whatMakesNoSense(query: String) {
    #expect(throws: Refusal.self) { try request(query) }
  }

  /// A run with one checkpoint of a net that was never trained.
  private func withCheckpoint(_ body: (RunPaths, TrainingConfiguration) throws -> Void) throws {
    try inTemporaryFolder { folder in
      var training = TrainingConfiguration.demo
      (training.size, training.features, training.latent, training.batchSize) = (16, 4, 8, 4)
      let paths = try makeRun(folder / "run", rows: 1)
      try writeFile(
        RunJSON.encode(RunConfiguration(data: ["synthetic"], training: training, length: .generatorSteps(2))),
        to: paths.config)
      try save(training, in: paths)
      try body(paths, training)
    }
  }

  private func save(_ training: TrainingConfiguration, in paths: RunPaths) throws {
    let trainer = try Trainer(training, on: try Device.fromEnvironment(threads: 1))
    var state = CheckpointState(
      position: RunPosition(), seconds: 0, picturesPerEpoch: 4, dataFingerprint: "0", criticLosses: .none)
    state.position.generatorSteps = 1
    try paths.checkpoints.save(state, tensors: trainer.tensors(groups: nil), configuration: training)
  }

  private func bytes(_ answer: Answer) -> [UInt8] {
    guard answer.status == .ok, case .bytes(let bytes) = answer.body else { return [] }
    return bytes
  }

  @Test func theCommandLineDrawsTheSame() throws {
    try withCheckpoint { paths, training in
      let site = Site(paths.path)
      _ = site.follow()
      let generator = try PictureGenerator(.trained(.run(paths.path)), threads: 2, notice: { _ in })
      let seeds: [UInt64] = [3, 9, 1]
      let shown = bytes(site.answer(.explore(try request("seeds=3,9,1&truncation=0.5&columns=2"))))
      try generator.write(
        .latents(generator.latents(seeds: seeds), truncation: 0.5), on: Sheet(columns: 2), to: paths.path + ".png")
      #expect(try !shown.isEmpty && shown == readFile(paths.path + ".png"))

      // And by the file of latent vectors where it moved along a direction.
      let moved = "seeds=3,9,1&truncation=0.5&columns=2&moves=1_2"
      var asked = try request(moved)
      let movedPicture = bytes(site.answer(.explore(asked)))
      asked.form = .latents
      try writeFile(bytes(site.answer(.explore(asked))), to: paths.path + ".npy")
      let latents = try LatentFile.read(paths.path + ".npy", latent: training.latent)
      try generator.write(.latents(latents), on: Sheet(columns: 2), to: paths.path + ".png")
      #expect(try movedPicture != shown && movedPicture == readFile(paths.path + ".png"))
    }
  }

  @Test func onlyCheckpointsThatThereAre() throws {
    try withCheckpoint { paths, _ in
      let site = Site(paths.path)
      #expect(site.answer(.explorer(checkpoint: nil)).status == .notFound)
      _ = site.follow()
      let text = String(decoding: bytes(site.answer(.explorer(checkpoint: "000001"))), as: UTF8.self)
      #expect(text.contains("--checkpoint 000001") && text.contains("\"latent\" : 8"))
      for name in ["000002", "best", "../000001", "000001.json"] {
        #expect(site.answer(.explorer(checkpoint: name)).status == .notFound)
      }
      // A link that leads out isn't one of them.
      let file = joinPath(paths.checkpoints.path, "000001.safetensors")
      try renameFile(file, to: paths.path + ".safetensors")
      try systemCall(file) { symlink(paths.path + ".safetensors", $0) }
      _ = site.follow()
      #expect(site.answer(.explorer(checkpoint: nil)).status == .notFound)
    }
  }

  /// A run that begins anew has checkpoints of the old names.
  @Test func aCheckpointThatIsReplacedIsReadAgain() throws {
    try withCheckpoint { paths, training in
      let site = Site(paths.path)
      _ = site.follow()
      let asked = try request("seeds=1,2")
      let before = bytes(site.answer(.explore(asked)))
      #expect(bytes(site.answer(.explore(asked))) == before)
      var other = training
      other.seed = training.seed + 1
      try save(other, in: paths)
      _ = site.follow()
      #expect(bytes(site.answer(.explore(asked))) != before)
    }
  }

  @Test func aWalkIsASheetOfFramesAndAFilm() throws {
    try withCheckpoint { paths, _ in
      let site = Site(paths.path)
      _ = site.follow()
      var asked = try request("seeds=1,2&columns=4&truncation=0.5")
      asked.form = .walk(frames: 8)
      let walk = bytes(site.answer(.explore(asked)))
      // Width and height stand in the header: 4 and 2 cells of 16, 2 between them.
      #expect(walk.count > 24 && walk[16..<24].elementsEqual([0, 0, 0, 74, 0, 0, 0, 38]))
      asked.form = .film(frames: 8)
      let film = bytes(site.answer(.explore(asked)))
      // As `wgan walk` makes it.
      let generator = try PictureGenerator(.trained(.run(paths.path)), threads: 1, notice: { _ in })
      let loop = LatentVector.loop(through: generator.latents(seeds: [1, 2]), frames: 8)
      try generator.film([loop], truncation: 0.5, sheet: Sheet(), rate: 20)
        .write(to: .file(paths.path + ".png"), isCancelled: { false }, tell: { _ in })
      #expect(try !film.isEmpty && film == readFile(paths.path + ".png"))
    }
  }
}
