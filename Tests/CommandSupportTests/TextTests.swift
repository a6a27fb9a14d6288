import CommandSupport
import Testing

/// Numbers and tables, as people read them.
@Suite struct TextTests {
  @Test func columnsAreAsWideAsTheirWidestCell() {
    var table = TextTable(["name", "", "parameters"], wordColumns: [0, 1])
    table.add(["a", "why", "1,000"])
    table.add(["longer", ""])
    #expect(table.text == "name         parameters\na       why       1,000\nlonger")
  }

  @Test func numbers() {
    #expect(fixed(-0.44765, 4) == "-0.4477" && fixed(-0.00001, 2) == "0.00" && fixed(2.5, 0) == "3")
    #expect(fixed(Double.nan, 2) == "nan" && fixed(Double.infinity, 2) == "inf" && fixed(Float(1.5), 2) == "1.50")
    #expect(grouped(3_576_704) == "3,576,704" && grouped(-1000) == "-1,000" && grouped(999) == "999")
    #expect(clockTime(125) == "2:05" && clockTime(3725) == "1:02:05" && clockTime(.nan) == "?")
  }
}
