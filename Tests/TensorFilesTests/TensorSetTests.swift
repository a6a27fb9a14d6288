import SystemSupport
import TensorFiles
import Testing

/// Protects: tensors are found by name, groups by what stands before the first dot, and what isn't there is named.
@Suite struct TensorSetTests {
  let set: TensorSet = [
    NamedTensor(name: "generator.a.weight", shape: [2, 1], values: [1, 2]),
    NamedTensor(name: "generator_ema.a.weight", shape: [2, 1], values: [3, 4]),
    NamedTensor(name: "optimizer.generator.square_avg.a.weight", shape: [1], values: [5]),
    NamedTensor(name: "lonely", shape: [], values: [6]),
  ]

  @Test func groupsAreWholeWords() {
    func names(_ groups: [String]?) -> [String] {
      set.map(\.name).filter { TensorSet.isName($0, in: groups) }
    }
    #expect(names(nil) == set.map(\.name))
    #expect(names(["generator"]) == ["generator.a.weight"])
    #expect(names(["optimizer", "lonely"]) == ["optimizer.generator.square_avg.a.weight", "lonely"])
    #expect(names([]) == [])
  }

  @Test func aPlaceTakesItsOwnTensorOnly() throws {
    #expect(try set.checked("generator.a.weight", shape: [2, 1]).values == [1, 2])
    #expect(set["generator.a"] == nil)
    let missing = #expect(throws: Failure.self) { try set.checked("critic.a.weight", shape: [2, 1]) }
    #expect(missing == Failure(.badData, "tensor critic.a.weight is missing"))
    let other = #expect(throws: Failure.self) { try set.checked("generator.a.weight", shape: [1, 2]) }
    #expect(other == Failure(.badData, "tensor generator.a.weight has shape [2, 1], this net's has [1, 2]"))
  }

  /// Of two tensors with one name the first counts, as everywhere.
  @Test func namesAreUnique() {
    let twice = TensorSet(set + [NamedTensor(name: "lonely", shape: [], values: [7])])
    #expect(twice == set && twice["lonely"]?.values == [6])
  }
}
