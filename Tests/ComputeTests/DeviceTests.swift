import Compute
import Testing

/// Protects: the choice of an instruction set.
@Suite struct DeviceTests {
  @Test func environmentChoosesTheInstructionSet() throws {
    func chosen(_ environment: [String: String]) throws -> InstructionSet {
      try Device.fromEnvironment(environment, threads: 1).instructionSet
    }
    for set in Device.supported {
      #expect(try chosen(["WGAN_ISA": set.rawValue, "PATH": "/bin"]) == set)
    }
    #expect(try chosen(["WGAN_ISA": ""]) == Device.best)
    #expect(try chosen([:]) == Device.best)
    let error = #expect(throws: UnknownInstructionSet.self) { try chosen(["WGAN_ISA": "mmx"]) }
    #expect(error?.description.contains("mmx") == true && error?.description.contains("portable") == true)
  }

  /// Every machine runs the portable kernels, and the list goes from the slowest to the best.
  @Test func portableIsAlwaysThere() {
    #expect(Device.supported.first == .portable)
    #expect(Device.supported.last == Device.best)
    #expect(Set(Device.supported).count == Device.supported.count)
  }
}
