import Configuration
import Foundation
import SystemSupport
import TensorFiles
import TestSupport
import Testing
import WGAN

/// Protects: a latent vector's picture is its own, walks go through their points, and directions are the first layer's.
@Suite struct LatentTests {
  static func gan(_ preset: TrainingSettings.Preset, _ change: (inout TrainingSettings) -> Void = { _ in }) throws
    -> WassersteinGAN
  {
    var settings = TrainingSettings(preset)
    (settings.size, settings.features, settings.latent, settings.batchSize) = (16, 4, 8, 4)
    change(&settings)
    let gan = try WassersteinGAN(settings, threads: 1)
    try gan.train(on: LibraryTests.pictures(), generatorSteps: 2) { $0.criticStepsDone == 8 ? .stop : .proceed }
    return gan
  }

  // MARK: - Pictures

  /// A seed's vector makes the seed's first picture, to the last bit, whatever is drawn with it, more than at once too.
  @Test func aSeedsVectorMakesItsPicture() throws {
    let gan = try Self.gan(.blog)
    let seeds: [UInt64] = [7, 0, .max, 7, 42] + (100..<140)
    let pictures = try gan.sample(latents: gan.latents(seeds: seeds))
    #expect(try pictures == seeds.map { try gan.sample(count: 1, seed: $0)[0] })
    #expect(pictures[0] == pictures[3] && pictures[0] != pictures[1])
    #expect(try gan.sample(latents: []).isEmpty)
    let one = try LatentVector(gan.latents(seeds: [0])[0].values)
    #expect(try gan.sample(latents: [one]) == [pictures[1]])
  }

  /// With statistics of the batch, too: it's always the same others that a vector is drawn among.
  @Test func aVectorsPictureDoesNotDependOnOthers() throws {
    let gan = try Self.gan(.original)
    let latents = gan.latents(seeds: [gan.settings.seed, 3, 9])
    let pictures = try gan.sample(latents: latents)
    #expect(try pictures[0] == gan.sample(count: 1)[0])
    #expect(try pictures == latents.map { try gan.sample(latents: [$0])[0] })
    #expect(try pictures.reversed() == gan.sample(latents: latents.reversed()))
    // Each for itself truncated, and so another picture: statistics of a batch of which all are truncated undo it.
    let truncated = try gan.sample(latents: latents.map { try $0.truncated(to: 0.5) })
    #expect(zip(truncated, pictures).allSatisfy { $0 != $1 })
  }

  /// The tool's choices are the library's: a truncated series, and any part of it.
  @Test(arguments: [TrainingSettings.Preset.blog, .original]) func choicesAreParts(preset: TrainingSettings.Preset)
    throws
  {
    let gan = try Self.gan(preset)
    try inTemporaryFolder { folder in
      let path = folder / "state.safetensors"
      try gan.save(to: path)
      let tool = try PictureGenerator(.trained(.checkpoint(path)), threads: 2) { _ in }
      let truncated = try (0..<9).map { number in
        try LatentVector(seed: 5, index: number, count: 8).truncated(to: 0.7)
      }
      let expected = try gan.sample(latents: truncated).map(\.pixels)
      let choice = PictureChoice.series(seed: 5, 0..<9, truncation: 0.7)
      #expect(try tool.pictures(choice).map(\.pixels) == expected)
      #expect(try tool.pictures(choice[4..<7]).map(\.pixels) == Array(expected[4..<7]))
      #expect(try tool.pictures(PictureChoice.latents(truncated)[2..<9]).map(\.pixels) == Array(expected[2...]))
      #expect(PictureChoice.latents(truncated).picture(at: 9) == nil && choice.picture(at: 9) != nil)
      #expect(tool.latents(seeds: [1, 2]) == gan.latents(seeds: [1, 2]))
    }
  }

  // MARK: - Walks

  /// The formula with this machine's libm is as near as rounding lets it be; lengths and angles go evenly.
  @Test func interpolationIsSpherical() throws {
    let (a, b) = (LatentVector(seed: 1, count: 100), LatentVector(seed: 2, count: 100))
    func dot(_ a: LatentVector, _ b: LatentVector) -> Double {
      zip(a.values, b.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    func angle(_ a: LatentVector, _ b: LatentVector) -> Double { acos(dot(a, b) / sqrt(dot(a, a) * dot(b, b))) }
    let whole = angle(a, b)
    #expect(try a.interpolated(to: b, part: 0) == a && a.interpolated(to: b, part: 1) == b)
    for part in [0.1, 0.25, 0.5, 0.9] {
      let between = try a.interpolated(to: b, part: part)
      for (i, value) in between.values.enumerated() {
        let (first, second) = (sin((1 - part) * whole) / sin(whole), sin(part * whole) / sin(whole))
        let expected = first * Double(a.values[i]) + second * Double(b.values[i])
        #expect(abs(Double(value) - expected) < 1e-6)
      }
      let length = sqrt(dot(between, between))
      let (least, most) = (min(sqrt(dot(a, a)), sqrt(dot(b, b))), max(sqrt(dot(a, a)), sqrt(dot(b, b))))
      #expect(length > least * 0.95 && length < most * 1.05)
      #expect(try between == b.interpolated(to: a, part: 1 - part))
    }
  }

  /// Where no arc is told from a line the way is a line, and nothing is divided by 0.
  @Test func parallelVectors() throws {
    let one = try LatentVector([3, 4])
    for (other, middle) in [
      ([3, 4], [3, 4]), ([6, 8], [4.5, 6]), ([-3, -4], [0, 0]), ([0, 0], [1.5, 2]), ([3.00003, 4], [3.000015, 4]),
    ] as [([Float], [Float])] {
      let values = try one.interpolated(to: LatentVector(other), part: 0.5).values
      #expect(zip(values, middle).allSatisfy { abs($0 - $1) < 1e-6 }, "\(other): \(values)")
    }
    // Just above the angle where it becomes one: the same, but for rounding.
    let tilted = try LatentVector([3 - 4 * 1.1e-4, 4 + 3 * 1.1e-4])
    let middle = try one.interpolated(to: tilted, part: 0.5).values
    #expect(zip(middle, [3 - 2 * 1.1e-4, 4 + 1.5 * 1.1e-4]).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test(arguments: [(2, 2), (3, 3), (3, 60), (4, 7), (5, 11)]) func aWalkGoesThroughItsPoints(points: Int, frames: Int)
    throws
  {
    let points = (0..<points).map { LatentVector(seed: UInt64($0), count: 8) }
    let walk = try LatentVector.walk(through: points, frames: frames)
    #expect(walk.count == frames && walk.first == points.first)
    let places = points.compactMap { walk.firstIndex(of: $0) }
    #expect(places.count == points.count && places == places.sorted())
    let parts = zip(places, places.dropFirst() + [frames]).map { $1 - $0 }
    #expect((parts.max() ?? 0) - (parts.min() ?? 0) <= 1)
    // No frame comes twice, and the last isn't the first again.
    #expect(Set(walk.map(\.values)).count == frames)
    let last = try points[points.count - 1].interpolated(
      to: points[0], part: 1 - 1 / Double(frames - places[points.count - 1]))
    #expect(walk.last == last)
  }

  // MARK: - Directions

  /// A^T A w = share trace(A^T A) w, A being the first layer as PyTorch's tensor says it: of both kinds of nets.
  @Test(arguments: [NetKind.dcgan, .mlp]) func directionsAreTheFirstLayers(kind: NetKind) throws {
    let gan = try Self.gan(.blog) {
      $0.generatorNet = kind
      $0.ema = 0.5
    }
    let directions = try gan.directions()
    let live = try gan.directions(live: true)
    #expect(directions.count == 8 && live.count == 8 && live != directions)
    #expect(abs(directions.reduce(0) { $0 + $1.share } - 1) < 1e-12)
    #expect(zip(directions, directions.dropFirst()).allSatisfy { $0.share >= $1.share })
    let tensors = try inTemporaryFolder { folder in
      try gan.save(to: folder / "state.safetensors")
      return try SafetensorsFile(at: folder / "state.safetensors").tensors(groups: ["generator_ema"])
    }
    let name = kind == .dcgan ? "initial.conv" : "main.0"
    let weight = try #require(tensors["generator_ema.\(name).weight"])
    let outputs = weight.values.count / 8
    func a(_ output: Int, _ z: Int) -> Double {
      Double(weight.values[kind == .dcgan ? z * outputs + output : output * 8 + z])
    }
    let trace = weight.values.reduce(0) { $0 + Double($1) * Double($1) }
    for direction in directions {
      let y = (0..<outputs).map { row in (0..<8).reduce(0) { $0 + a(row, $1) * Double(direction.vector[$1]) } }
      for z in 0..<8 {
        let back = (0..<outputs).reduce(0) { $0 + a($1, z) * y[$1] }
        #expect(abs(back - direction.share * trace * Double(direction.vector[z])) < 1e-6 * trace)
      }
    }
    // Another number of threads, another bit never.
    let again = try inTemporaryFolder { folder in
      try gan.save(to: folder / "state.safetensors")
      return try WassersteinGAN(contentsOf: folder / "state.safetensors", threads: 3).directions()
    }
    #expect(again == directions)
    let moved = try gan.latents(seeds: [1])[0].moved(along: directions[0], by: 2)
    #expect(try gan.sample(latents: [moved]) != gan.sample(latents: gan.latents(seeds: [1])))
  }

  // MARK: - Errors

  func expect(_ line: String, _ body: () throws -> Void) {
    let error = #expect(throws: WGANError.self) { try body() }
    #expect(error?.kind == .invalidArgument && error?.description == line)
  }

  @Test func vectorsThatCannotBe() throws {
    let gan = try Self.gan(.blog)
    let (short, long) = (LatentVector(seed: 1, count: 7), LatentVector(seed: 1, count: 8))
    expect("latent vector 1 has 7 numbers, this generator takes 8") { _ = try gan.sample(latents: [long, short]) }
    let large = try LatentVector([Float](repeating: 3e38, count: 8))
    expect("latent vector 0 has 3e+38: give numbers from -1000000 to 1000000") { _ = try gan.sample(latents: [large]) }
    let infinite = try large.moved(along: gan.directions()[0], by: 3e38)
    #expect(throws: WGANError.self) { try gan.sample(latents: [infinite]) }
    let most = try gan.sample(latents: [LatentVector([Float](repeating: -1e6, count: 8))])
    #expect(most.count == 1)
    for values in [[], [.nan], [0, -.infinity]] as [[Float]] {
      expect("a latent vector has at least one number, and finite ones only") { _ = try LatentVector(values) }
    }
    for psi in [0, -1, 1.01, .nan] as [Float] {
      expect("a truncation of \(psi): it must be above 0 and at most 1") { _ = try long.truncated(to: psi) }
    }
    #expect(try long.truncated(to: 1) == long)
    expect("a part of 1.5: it must be from 0 to 1") { _ = try long.interpolated(to: long, part: 1.5) }
    let lengths = "a latent vector of 8 numbers and one of 7: both must have as many"
    expect(lengths) { _ = try long.interpolated(to: short, part: 0.5) }
    expect(lengths) { _ = try LatentVector.walk(through: [long, short], frames: 9) }
    expect("a latent vector of 7 numbers and one of 8: both must have as many") {
      _ = try short.moved(along: gan.directions()[0], by: 1)
    }
    expect("a walk through 1 points: it needs two at least") {
      _ = try LatentVector.walk(through: [long], frames: 9)
    }
    expect("a walk of 1 frames through 2 points: it needs a frame for each, and has 2^24 at most") {
      _ = try LatentVector.walk(through: [long, long], frames: 1)
    }
  }

  @Test func seedLists() throws {
    #expect(try SeedList("1,5,9-12").seeds == [1, 5, 9, 10, 11, 12])
    #expect(try SeedList("0").seeds == [0] && SeedList("7-7,7").seeds == [7, 7])
    #expect(try SeedList("18446744073709551614-18446744073709551615").seeds == [.max - 1, .max])
    for text in ["", ",", "1,", "1,,2", "-1", "1-", "1-2-3", "a", "1.5", "+1", " 1", "18446744073709551616", "٣"] {
      let error = #expect(throws: SeedList.Problem.self) { try SeedList(text) }
      #expect(error?.description.contains("as in 1,5,9-20") == true, "\(text)")
    }
    for text in ["9-5", "0-100000", "0-18446744073709551615", "0-99999,1"] {
      #expect(throws: SeedList.Problem.self, "\(text)") { try SeedList(text) }
    }
  }

  // MARK: - Files

  @Test func filesOfVectors() throws {
    try inTemporaryFolder { folder in
      let values = (0..<16).map { Float($0) - 8 }
      let expected = [LatentVector(unchecked: Array(values[..<8])), LatentVector(unchecked: Array(values[8...]))]
      let path = folder / "z"
      func write(_ tensors: TensorSet) throws { try Safetensors.write(tensors, metadata: [:], to: path) }
      for shape in [[2, 8], [2, 8, 1, 1]] {
        try write([NamedTensor(name: "any", shape: shape, values: values)])
        #expect(try LatentFile.read(path, latent: 8) == expected)
      }
      try write([
        NamedTensor(name: "a", shape: [1], values: [1]), NamedTensor(name: "noise", shape: [2, 8], values: values),
      ])
      #expect(try LatentFile.read(path, latent: 8) == expected)
      func refuse(_ words: String, _ kind: FailureKind = .badData) {
        let error = #expect(throws: Failure.self) { try LatentFile.read(path, latent: 8) }
        #expect(error?.kind == kind && error?.description.hasPrefix("\(path): ") == true)
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
      }
      for (shape, words) in [
        ([16], "shape [16]"), ([2, 4, 2, 1], "shape [2, 4, 2, 1]"), ([4, 4], "4 numbers, this generator takes 8"),
        ([0, 8], "0 latent vectors"),
      ] {
        let count = shape.reduce(1, *)
        try write([NamedTensor(name: "noise", shape: shape, values: Array(values[..<count]))])
        refuse(words)
      }
      try write([NamedTensor(name: "noise", shape: [1, 8], values: values[..<7] + [.nan])])
      refuse("latent vector 0 has nan")
      try write(TensorSet(["a", "b"].map { NamedTensor(name: $0, shape: [2, 8], values: values) }))
      refuse("none is called \"noise\"")
      try writeFile([], to: path)
      refuse("is empty")
      for text in ["text", "a longer text"] {
        try writeFile(Array(text.utf8), to: path)
        refuse("is neither")
      }
      removeFile(path)
      refuse("isn't there", .missing)
    }
  }
}
