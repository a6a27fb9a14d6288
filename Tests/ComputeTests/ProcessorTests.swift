import Compute
import Testing

/// Protects: the choice of an instruction set.
@Suite struct ProcessorTests {
  @Test func environmentChoosesTheInstructionSet() throws {
    func chosen(_ environment: [String: String]) throws -> InstructionSet {
      try Processor.fromEnvironment(environment, threads: 1).instructionSet
    }
    for set in Processor.supported {
      #expect(try chosen(["WGAN_ISA": set.rawValue, "PATH": "/bin"]) == set)
    }
    #expect(try chosen(["WGAN_ISA": ""]) == Processor.best)
    #expect(try chosen([:]) == Processor.best)
    let error = #expect(throws: UnknownInstructionSet.self) { try chosen(["WGAN_ISA": "mmx"]) }
    #expect(error?.description.contains("mmx") == true && error?.description.contains("portable") == true)
  }

  /// Every machine runs the portable kernels, and the list goes from the slowest to the best.
  @Test func portableIsAlwaysThere() {
    #expect(Processor.supported.first == .portable)
    #expect(Processor.supported.last == Processor.best)
    #expect(Set(Processor.supported).count == Processor.supported.count)
  }
}
