import SystemSupport
import Testing

/// Numbers, as people read them.
@Suite struct NumberTests {
  @Test func numbers() {
    #expect(fixed(-0.44765, 4) == "-0.4477" && fixed(-0.00001, 2) == "0.00" && fixed(2.5, 0) == "3")
    #expect(fixed(Double.nan, 2) == "nan" && fixed(Double.infinity, 2) == "inf" && fixed(Float(1.5), 2) == "1.50")
    #expect(grouped(3_576_704) == "3,576,704" && grouped(-1000) == "-1,000" && grouped(999) == "999")
    #expect(clockTime(125) == "2:05" && clockTime(3725) == "1:02:05" && clockTime(.nan) == "?")
  }

  /// Six digits are what a Float has for certain, whatever it was multiplied by.
  @Test func computedNumbersHaveNoRoundingErrors() {
    #expect(significant(Double(Float(5e-4)) * 0.1, 6) == "5e-05" && significant(Double(Float(0.3)), 6) == "0.3")
    #expect(significant(Double(Float(5e-4)) * 0.625, 6) == "0.0003125" && significant(0, 6) == "0")
    for i in 1...1000 {
      let text = significant(Double(Float(i) * 1e-5), 6)
      #expect(text.count <= 7 && Double(text).map { abs($0 - Double(i) * 1e-5) < 1e-11 } == true, "\(text)")
    }
  }

  @Test func oneIsOne() {
    #expect(counted(1, "picture") == "1 picture" && counted(0, "picture") == "0 pictures")
    #expect(counted(2450, "batch", "batches") == "2,450 batches" && counted(1, "file is", "files are") == "1 file is")
  }

  /// Whoever writes "s" or not by hand forgets the 1 somewhere: `counted` is the only place.
  @Test func noSourceCountsByHand() throws {
    let byHand = #/== 1 \? ("" : "s"|"(1 )?(\w+)" : "(\\\([^"]*\) )?\3s")/#
    #expect(try sources("Sources", "Benchmarks").filter { $0.text.contains(byHand) }.map(\.path) == [])
  }
}
