import Configuration
import Testing
import WGAN

/// Protects: what is said of a run before anybody has seen it is said of runs like those that were looked at.
@Suite struct ExpectationTests {
  @Test(arguments: ["blog", "photos"]) func presetsHaveSome(name: String) throws {
    let preset = try TrainingConfiguration.preset(named: name)
    let expected = Expectation.of(preset)
    #expect(expected.count >= 2)
    #expect(expected.map(\.generatorSteps) == expected.map(\.generatorSteps).sorted())
  }

  /// Nobody has looked at other nets; another seed and all pictures instead of four fifths show the same.
  @Test func otherNetsHaveNone() {
    var configuration = TrainingConfiguration.photos
    (configuration.seed, configuration.heldOut) = (7, 0)
    #expect(Expectation.of(configuration) == Expectation.of(.photos))
    configuration.features = 16
    #expect(Expectation.of(configuration).isEmpty)
    #expect(Expectation.of(.demo).isEmpty)
  }
}
