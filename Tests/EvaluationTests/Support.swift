import Compute
import Evaluation
import Randomness

/// Pictures of smooth waves and noise: their scales differ, as those of photographs do.
///
/// - Parameter noise: how much of it, in levels.
func wavyPictures(_ count: Int, size: Int, channels: Int = 3, seed: Int, noise: Double = 20) -> [[UInt8]] {
  (0..<count).map { index in
    var stream = RandomStream(seed: UInt64(seed), purpose: .test, step: index)
    let waves = (0..<4).map { _ in (0..<4).map { _ in Double(stream.uniform()) } }
    var bytes: [UInt8] = []
    for y in 0..<size {
      for x in 0..<size {
        for c in 0..<channels {
          var value = 128.0
          for wave in waves {
            // A triangle's wave: no libm.
            let phase = (wave[0] * Double(x) + wave[1] * Double(y)) / 16 + wave[2] + 0.1 * Double(c)
            value += 160 * (wave[3] - 0.3) * (abs(phase - phase.rounded(.down) - 0.5) - 0.25)
          }
          value += noise * (Double(stream.uniform()) - 0.5) * 4
          bytes.append(UInt8(max(0, min(255, value.rounded()))))
        }
      }
    }
    return bytes
  }
}

/// The instruction sets whose bits agree, each with some numbers of threads.
let agreeingDevices: [Device] = Device.supported.filter { $0 != .portable }.flatMap { set in
  [1, 2, 3].map { Device(instructionSet: set, threads: $0) }
}

/// Numbers from -1 to 1.
func uniform(_ count: Int, seed: Int) -> [Float] {
  var stream = RandomStream(seed: UInt64(seed), purpose: .test)
  return (0..<count).map { _ in 2 * stream.uniform() - 1 }
}
