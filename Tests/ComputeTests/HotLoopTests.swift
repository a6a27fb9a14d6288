import Foundation
import Testing

#if arch(x86_64) && os(Linux)

  /// Protects the speed of the kernels, which no timed test can, as the compiler made them. An accumulator of a
  /// register tile that went to memory, an FMA that fell apart into lanes or a call would cost a third of the speed and
  /// up, and every result would still be right.
  @Suite struct HotLoopTests {
    struct Tile: CustomStringConvertible {
      let name: String
      /// Vector FMAs of four turns of the loop.
      let operations: Int
      let loop: [KernelObjects.Instruction]
      var description: String { name }
    }

    @Test(arguments: ["KernelsAVX2", "KernelsAVX512", "KernelsBF16"])
    func innerLoopsAreLoadsAndVectorFMAs(_ module: String) throws {
      let tiles = try Self.tiles(of: module)
      // Six or more tiles each: fewer means that the test reads the wrong names.
      try #require(tiles.count >= 6, "only \(tiles) found in \(module)")
      for tile in tiles {
        let text = tile.loop.map(\.text)
        let vectorFMAs = text.count { Self.isProduct($0) && $0.contains("ps ") }
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

    /// A part of a kernel that isn't inlined would get its vectors through memory, call after call. What a kernel may
    /// call is what ends the process, and what a page's metadata needs.
    @Test(arguments: KernelObjects.pages) func kernelsCallNothing(_ module: String) throws {
      // A protocol's witnesses ("TW") are for callers that know no page; there are none.
      let functions = try KernelObjects.functions(of: module).filter { !$0.key.hasSuffix("TW") }
      let callees = Set(functions.values.joined().compactMap(\.callee))
      let strangers = callees.filter { callee in
        !["__stack_chk_fail", "swift_", "__swift_", "$s7Kernels11missingTile", "$s7Kernels16missingTransform"]
          .contains { callee.hasPrefix($0) } && !callee.hasSuffix("Wl") && !callee.hasSuffix("WlTm")
      }
      #expect(strangers.isEmpty, "\(module) calls \(strangers.sorted())")
    }

    /// The tiles' functions with the innermost loop that has most vector FMAs.
    private static func tiles(of module: String) throws -> [Tile] {
      let functions = try KernelObjects.functions(of: module)
      let names = try KernelObjects.demangled(Array(functions.keys))
      return functions.compactMap { symbol, body in
        // "generic specialization <KernelsAVX2.AVX2Page, 6, 2> of static Kernels.MultiplyKernel.run(...)"
        guard let name = names[symbol],
          let match = name.firstMatch(of: /<\w+\.\w+, ([0-9]+), ([0-9]+)> of static Kernels\.(\w+)Kernel\.run/),
          let rows = Int(match.1), let vectors = Int(match.2), let loop = innermostLoop(body)
        else { return nil }
        return Tile(name: "\(module).\(match.3) \(rows) x \(vectors)", operations: 4 * rows * vectors, loop: loop)
      }
    }

    private static func innermostLoop(_ body: [KernelObjects.Instruction]) -> [KernelObjects.Instruction]? {
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

    private static func fmas(_ loop: [KernelObjects.Instruction]) -> Int { loop.count { isProduct($0.text) } }

    /// An FMA of Floats, or the two of a pair of bf16.
    private static func isProduct(_ instruction: String) -> Bool {
      instruction.hasPrefix("vfm") || instruction.hasPrefix("vdpbf16")
    }
  }

#endif
