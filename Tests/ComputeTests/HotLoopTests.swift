import Foundation
import Testing

#if arch(x86_64)

  /// Protects the speed of the register tiles, which no timed test can: the inner loop of each tile as the compiler
  /// made it. An accumulator that went to memory, an FMA that fell apart into lanes or a call would cost a third of the
  /// speed and up, and every result would still be right.
  @Suite struct HotLoopTests {
    struct Tile: CustomStringConvertible {
      let module: String
      let name: String
      /// Vector FMAs of four turns of the loop.
      let operations: Int
      let loop: [Instruction]
      var description: String { "\(module).\(name)" }
    }

    struct Instruction {
      let address: Int
      let text: String
      /// Where a jump goes.
      let target: Int?
    }

    @Test(arguments: [("KernelsAVX2", 2), ("KernelsAVX512", 1)])
    func innerLoopsAreLoadsAndVectorFMAs(_ module: String, vectorsOfBlock: Int) throws {
      let tiles = try Self.tiles(of: module, vectorsOfBlock: vectorsOfBlock)
      // Six or more tiles each: fewer means that the test reads the wrong names.
      try #require(tiles.count >= 6, "only \(tiles.map(\.name)) found in \(module)")
      for tile in tiles {
        let text = tile.loop.map(\.text)
        let vectorFMAs = text.count { $0.hasPrefix("vfm") && $0.contains("ps ") }
        #expect(vectorFMAs == tile.operations, "\(tile): vector FMAs in the inner loop")
        let scalars = text.filter { $0.hasPrefix("vfm") && $0.contains("ss ") }
        #expect(scalars.isEmpty, "\(tile): scalar FMAs")
        #expect(!text.contains { $0.hasPrefix("call") }, "\(tile): a call in the inner loop")
        let vectorsInMemory = text.filter { line in
          line.contains("mm") && (line.contains("(%rsp") || line.contains("(%rbp") || line.hasSuffix(")"))
        }
        #expect(vectorsInMemory.isEmpty, "\(tile): vectors spilt or stored: \(vectorsInMemory.prefix(3))")
      }
    }

    /// The tiles' functions with the innermost loop that has most vector FMAs.
    private static func tiles(of module: String, vectorsOfBlock: Int) throws -> [Tile] {
      var tiles: [Tile] = []
      for object in try KernelObjects.files(of: module) {
        let text = try KernelObjects.run("objdump", ["-d", "--no-show-raw-insn", object.path])
        var name: String?
        var pixels = 0
        var blocks = 0
        var body: [Instruction] = []
        func finish() {
          if let name, let loop = innermostLoop(body) {
            tiles.append(
              Tile(module: module, name: name, operations: 4 * pixels * blocks * vectorsOfBlock, loop: loop))
          }
          name = nil
          body = []
        }
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
          if line.hasSuffix(">:") {
            finish()
            // "...12multiply12x233_<file's hash>LL...": a private function of the page.
            if let match = line.firstMatch(of: /(multiply|weights)([0-9]+)x([0-9])33_/) {
              name = "\(match.1)\(match.2)x\(match.3)"
              pixels = Int(match.2) ?? 0
              blocks = Int(match.3) ?? 0
            }
          } else if name != nil, let match = line.firstMatch(of: /^ *([0-9a-f]+):\s+(.+)$/) {
            guard let address = Int(match.1, radix: 16) else { continue }
            let instruction = String(match.2).trimmingCharacters(in: .whitespaces)
            let target = instruction.firstMatch(of: /^j[a-z]+ +([0-9a-f]+)/).flatMap { Int($0.1, radix: 16) }
            body.append(Instruction(address: address, text: instruction, target: target))
          }
        }
        finish()
      }
      return tiles
    }

    private static func innermostLoop(_ body: [Instruction]) -> [Instruction]? {
      let loops = body.compactMap { jump -> ClosedRange<Int>? in
        guard let target = jump.target, target <= jump.address, target >= body[0].address else { return nil }
        return target...jump.address
      }
      let innermost = loops.filter { loop in
        !loops.contains { $0 != loop && loop.contains($0.lowerBound) && loop.contains($0.upperBound) }
      }
      let bodies = innermost.map { loop in body.filter { loop.contains($0.address) } }
      return bodies.max { fmas($0) < fmas($1) }
    }

    private static func fmas(_ loop: [Instruction]) -> Int { loop.count { $0.text.hasPrefix("vfm") } }
  }

#endif
