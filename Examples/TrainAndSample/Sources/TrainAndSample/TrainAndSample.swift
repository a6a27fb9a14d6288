// Trains a small GAN on pictures made up here, draws from it, saves it, and goes on from the file: `make test` runs it.

import Foundation
import WGAN

/// Squares of one colour on another, anywhere: 3 channels, `size` x `size`.
func madeUpPicture(_ number: Int, size: Int) throws -> Bitmap {
  var pixels = [UInt8](repeating: 230, count: size * size * 3)
  let (left, top, side) = (number * 5 % (size / 2), number * 3 % (size / 2), size / 4 + number % 4)
  for y in top..<top + side {
    for x in left..<left + side {
      for channel in 0..<3 { pixels[(y * size + x) * 3 + channel] = UInt8(number * (40 + 30 * channel) % 200) }
    }
  }
  return try Bitmap(width: size, height: size, channels: 3, pixels: pixels)
}

struct WentOnDifferently: Error {}

@main
struct TrainAndSample {
  static func main() async throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "TrainAndSample-\(UUID()).safetensors")
    let model = file.appendingPathExtension("onnx")
    defer { for url in [file, model] { try? FileManager.default.removeItem(at: url) } }
    let pictures = try (0..<24).map { try madeUpPicture($0, size: 16) }

    // README: In a Swift program
    var settings = TrainingSettings(.demo)
    settings.size = 16
    settings.features = 8
    settings.batchSize = 8

    let gan = try WassersteinGAN(settings)
    try gan.train(on: pictures, generatorSteps: 4) { step in
      if step.kind == .generator { print("step \(step.generatorStepsDone): d_loss \(step.criticLoss)") }
      return step.criticLoss.isFinite ? .proceed : .stop
    }
    let drawn = try gan.sample(count: 9)  // 9 pictures of 16x16 pixels
    let faces = gan.latents(seeds: [1, 5, 9])
    let film = try gan.sample(latents: LatentVector.walk(through: faces, frames: 12))
    try gan.save(to: file)  // a path or a URL
    let again = try WassersteinGAN(contentsOf: file)

    for try await step in again.steps(on: pictures, generatorSteps: 3) where step.kind == .generator {
      print("step \(step.generatorStepsDone), from real pictures: \(try again.distance(to: pictures).mean)")
    }
    try again.export(.generator, as: .onnx, to: model)  // or .safetensors, for PyTorch and Generator(contentsOf:)
    let json = try JSONEncoder().encode(again.settings)
    // README: end

    // The file's GAN is the same one: it was, and is after further steps; its settings are, too.
    guard try WassersteinGAN(contentsOf: file).sample(count: 9) == drawn, film.count == 12,
      try JSONDecoder().decode(TrainingSettings.self, from: json) == settings
    else { throw WentOnDifferently() }
    try gan.train(on: pictures, generatorSteps: 3)
    let (whole, parts) = (try gan.sample(count: 9), try again.sample(count: 9))
    guard whole == parts, whole != drawn, again.generatorStepsDone == 7 else { throw WentOnDifferently() }
    print("drew \(whole.count) pictures; the saved GAN went on exactly as this one")
  }
}
