import Configuration
import Foundation
import Testing
import Training

/// Protects: rates, and a penalty's weight, fall from all of them to what is left, along their curve, with the same
/// bits everywhere.
@Suite struct RateDecayTests {
  func configuration(_ decay: RateDecay, to end: Double) -> TrainingConfiguration {
    var configuration = TrainingConfiguration.blog
    (configuration.decay, configuration.decayTo, configuration.penaltyDecayTo) = (decay, end, 1 - end)
    return configuration
  }

  @Test(arguments: RateDecay.allCases, [0, 0.1, 0.5, 1]) func theEndsAndTheMiddleAreExact(decay: RateDecay, end: Double)
  {
    let configuration = configuration(decay, to: end)
    #expect(configuration.learningRateShare(at: 0) == 1)
    let (half, last) = (configuration.learningRateShare(at: 0.5), configuration.learningRateShare(at: 1))
    #expect(decay == .none ? half == 1 && last == 1 : half == end + (1 - end) * 0.5 && last == end)
    let penalty = [0, 0.5, 1].map { configuration.penaltyShare(at: $0) }
    let left = 1 - end
    #expect(penalty == (decay == .none ? [1, 1, 1] : [1, left + (1 - left) * 0.5, left]))
  }

  @Test func betweenThemTheyFallAlongTheCurve() {
    let (linear, cosine) = (configuration(.linear, to: 0.2), configuration(.cosine, to: 0.2))
    var last = (linear: 2.0, cosine: 2.0)
    for i in 0...1000 {
      let progress = Double(i) / 1000
      let now = (linear.learningRateShare(at: progress), cosine.learningRateShare(at: progress))
      #expect(abs(now.0 - (1 - 0.8 * progress)) < 1e-15)
      #expect(abs(now.1 - (0.2 + 0.4 * (1 + cos(.pi * progress)))) < 1e-9)
      #expect(now.0 < last.linear && now.1 < last.cosine)
      last = now
    }
    // These bits, whatever the libm.
    let share = cosine.learningRateShare(at: 0.3)
    #expect(share == 0.8351141011063534, "\(share)")
  }
}
