import Configuration
import Foundation
import SystemSupport
import TensorFiles
import TestSupport
import Testing
import WGAN

/// Protects: what a program reads, writes and measures is what the tool does.
@Suite struct LibraryFilesTests {
  private func decoded(_ json: String) throws -> TrainingSettings {
    try JSONDecoder().decode(TrainingSettings.self, from: Data(json.utf8))
  }

  @Test func settingsTravelAsJSON() throws {
    var settings = LibraryTests.settings
    (settings.optimizer, settings.criticOptimizer, settings.adamBeta2) = (.adam, .rmsprop, 0.9)
    (settings.objective, settings.criticNorm, settings.generatorNorm) = (.relativistic, false, false)
    (settings.penaltyWeight, settings.decay, settings.ema) = (.fixed(0.5), .cosine, 0.99)
    settings.heldOut = 0.25
    let json = String(decoding: try JSONEncoder().encode(settings), as: UTF8.self)
    #expect(try decoded(json) == settings)
    for preset in TrainingSettings.Preset.allCases {
      let settings = TrainingSettings(preset)
      let again = try JSONDecoder().decode(TrainingSettings.self, from: JSONEncoder().encode(settings))
      #expect(again.preset == preset && again.learningRate == settings.learningRate)
      // `auto` is written as what it is.
      #expect(try JSONEncoder().encode(again) == JSONEncoder().encode(again))
      #expect(try JSONDecoder().decode(TrainingSettings.self, from: JSONEncoder().encode(again)) == again)
    }

    // Of a version that held nothing out.
    #expect(try decoded(json.replacingOccurrences(of: "\"heldOut\":0.25", with: "\"heldOut\":0")).heldOut == 0)
    let misspelt = json.replacingOccurrences(of: "\"batchSize\"", with: "\"batchSise\":4,\"batchSize\"")
    let unknown = try #require(throws: WGANError.self) { _ = try decoded(misspelt) }
    #expect(unknown.kind == .invalidSettings && unknown.description.contains("\"batchSise\" isn't known"))
    let impossible = json.replacingOccurrences(of: "\"batchSize\":4", with: "\"batchSize\":0")
    let error = try #require(throws: WGANError.self) { _ = try decoded(impossible) }
    #expect(error.description.hasPrefix("batchSize 0:") && error.localizedDescription == error.description)
    #expect(throws: DecodingError.self) { _ = try decoded("{}") }
    #expect(throws: DecodingError.self) {
      _ = try decoded(json.replacingOccurrences(of: "\"batchSize\":4", with: "\"batchSize\":\"four\""))
    }
  }

  @Test func filesHaveURLs() throws {
    try inTemporaryFolder { folder in
      let gan = try WassersteinGAN(LibraryTests.settings)
      let url = URL(fileURLWithPath: folder / "a state.safetensors")
      try gan.save(to: url)
      #expect(try WassersteinGAN(contentsOf: url).sample(count: 2) == gan.sample(count: 2))
      let picture = URL(fileURLWithPath: folder / "one.png")
      try gan.sample(count: 1)[0].writePNG(to: picture)
      #expect(try Bitmap(contentsOf: picture, channels: 3, shortSide: 16) == gan.sample(count: 1)[0])
      let web = try #require(URL(string: "https://example.org/a.png"))
      let error = #expect(throws: WGANError.self) { try gan.save(to: web) }
      #expect(error?.description == "https://example.org/a.png: isn't the URL of a file")
    }
  }

  /// The same bytes as `wgan export` writes of the same state, and a generator of each file draws the same pictures.
  @Test func netsLeaveAsTheToolWritesThem() throws {
    try inTemporaryFolder { folder in
      var settings = LibraryTests.settings
      settings.ema = 0.9
      let gan = try WassersteinGAN(settings)
      try gan.train(on: LibraryTests.pictures(), generatorSteps: 2)
      let (state, mine, tools) = (folder / "state.safetensors", folder / "mine", folder / "tools")
      try gan.save(to: state)
      for live in [false, true] {
        for (format, its) in [(WassersteinGAN.ExportFormat.safetensors, WeightsFormat.safetensors), (.onnx, .onnx)] {
          try gan.export(.generator, as: format, live: live, to: mine)
          try WeightsExport.write(.generator, of: .checkpoint(state), live: live, as: its, to: tools) { _ in }
          #expect(try readFile(mine) == readFile(tools))
        }
        try gan.export(.generator, as: .safetensors, live: live, to: mine)
        for path in [mine, state] {
          let generator = try Generator(contentsOf: path, live: live, threads: 1)
          #expect(try generator.sample(count: 3, from: 2) == gan.sample(count: 3, from: 2, live: live))
          let latents = generator.latents(seeds: [3, 4])
          #expect(try generator.sample(latents: latents) == gan.sample(latents: latents, live: live))
        }
      }
      try gan.export(.critic, as: .safetensors, to: mine)
      #expect(throws: WGANError.self) { _ = try Generator(contentsOf: mine) }
      // As if another program had written it: the settings say what it is.
      try gan.export(.generator, as: .safetensors, to: mine)
      try Safetensors.write(SafetensorsFile(at: mine).tensors(), metadata: [:], to: tools)
      #expect(try Generator(contentsOf: tools, settings: settings).sample(count: 2) == gan.sample(count: 2))
      #expect(throws: WGANError.self) { _ = try Generator(contentsOf: tools) }
    }
  }

  /// A run's folder is its newest checkpoint, and the distance is the one that `wgan evaluate` measures.
  @Test func aRunIsLoadedAndMeasured() throws {
    try inTemporaryFolder { folder in
      let request = TrainingRequest(
        out: folder / "run", preset: "blog",
        overrides: [
          ConfigurationOverride(\.size, 16), ConfigurationOverride(\.features, 4),
          ConfigurationOverride(\.batchSize, 8), ConfigurationOverride(\.heldOut, 0.4),
          ConfigurationOverride(\.fraction, 0.005),
        ], data: ["synthetic"], cache: folder / "cache", length: .steps(.generatorSteps(2)),
        runOverrides: [RunOverride(\.threads, 1), RunOverride(\.evaluateEvery, 0)])
      _ = try TrainingRun(request, report: { _ in }, isCancelled: { false })
        .train(shouldStop: { false }, report: { _ in })
      let gan = try WassersteinGAN(contentsOf: folder / "run")
      #expect(gan.generatorStepsDone == 2)
      #expect(try Generator(contentsOf: folder / "run").sample(count: 2) == gan.sample(count: 2))

      let evaluation = try GeneratorEvaluation(
        EvaluationRequest(generator: .trained(.run(folder / "run")), count: 4096, threads: 1), report: { _ in },
        isCancelled: { false })
      var distances: [PictureDistance.Scale] = []
      let real = try (0..<evaluation.pictures.count).map {
        try Bitmap(width: 16, height: 16, channels: 3, pixels: evaluation.pictures.reference[$0])
      }
      let measured = try gan.distance(to: real)
      distances = measured.scales
      try evaluation.forEach(notice: { _ in }) { judgement in
        #expect(judgement.distances.map(\.distance) == distances.map(\.distance))
        #expect(judgement.distances.map(\.standardError) == distances.map(\.standardError))
        #expect(judgement.distances.map(\.contrast) == distances.map(\.contrast))
      }
      #expect(!distances.isEmpty && measured.mean > 0)
      #expect(throws: WGANError.self) { _ = try gan.distance(to: Array(real.prefix(1))) }
    }
  }
}
