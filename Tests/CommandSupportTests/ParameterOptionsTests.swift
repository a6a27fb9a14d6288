import ArgumentParser
import CommandSupport
import Configuration
import Testing

/// Protects: ArgumentParser finds declared parameters by reflection, with all that an `@Option` or `@Flag` has. (It is
/// no promise of ArgumentParser's: a new version of it may end it, and then these tests do.)
@Suite struct ParameterOptionsTests {
  enum Everything: ParameterSelection {
    typealias Parameters = TrainingParameters
    static var selected: [any Declaration] { TrainingParameters.declared.all }
  }

  struct Command: ParsableCommand {
    @Flag var own = false
    @OptionGroup(title: "What is declared") var options: ParameterOptions<Everything>
  }

  func overrides(_ arguments: [String]) throws -> [ConfigurationOverride] {
    try Command.parse(arguments).options.overrides()
  }

  func message(_ arguments: [String]) -> String {
    do {
      _ = try Command.parse(arguments)
      return ""
    } catch {
      return Command.message(for: error)
    }
  }

  @Test func nothingIsGivenWhereNothingIs() throws {
    #expect(try overrides([]).isEmpty)
    #expect(try overrides(["--own"]).isEmpty)
  }

  /// Each parameter by its flag, with each kind of value, and in any order.
  @Test func everyFlagIsRead() throws {
    func value<Value>(_ declaration: some Declaration<Value>) -> [String] {
      let flag = declaration.name.text(.flags)
      guard Value.self == Bool.self else { return ["\(flag)=\(declaration.defaultText)"] }
      return [declaration.defaultText == true.text ? flag : "--no-" + declaration.name.flag]
    }
    let all = Everything.selected.map { value($0) }
    for arguments in all {
      #expect(try overrides(arguments).map(\.text) == arguments.map { $0.replacing("=", with: " ") })
    }
    let given = try overrides(all.reversed().flatMap(\.self))
    #expect(given.map(\.text) == all.flatMap(\.self).map { $0.replacing("=", with: " ") })
    #expect(TrainingConfiguration.blog.overridden(by: given) == .blog)
  }

  @Test func valuesArriveWithTheirTypes() throws {
    let options = try Command.parse([
      "--batch-size", "8", "--clip-lower=-0.5", "--no-batch-norm", "--crop=center", "--seed", "18446744073709551615",
      "--generator-adam-beta1", "0.25", "--critic-batch-norm", "--algorithm", "direct",
    ]).options
    #expect(options[\.batchSize] == 8 && options[\.clipLower] == -0.5 && options[\.generatorNorm] == false)
    #expect(options[\.crop] == .center && options[\.seed] == .max && options[\.generatorAdamBeta1] == 0.25)
    #expect(options[\.criticNorm] == true && options[\.algorithm] == .direct && options[\.size] == nil)
  }

  /// Errors name the flag, and what it takes.
  @Test(arguments: [
    (["--batch-size", "x"], "The value 'x' is invalid for '--batch-size <batch-size>': must be a whole number"),
    (["--penalty-weight", "x"], "must be auto or a number"),
    (["--batch-size"], "Missing value for '--batch-size <batch-size>'"),
    (["--crop", "left"], "Please provide one of 'random', 'center', 'top' or 'bottom'."),
    (["--batch-norm", "--no-batch-norm"], "had already been set with flag '--batch-norm'"),
    (["--batchsize", "1"], "Did you mean '--batch-size'?"), (["--initialisation", "x"], "'--initialisation <scheme>'"),
    (["--seed=-1"], "must be a whole number, at least 0"), (["--clip-lower"], "Missing value for '--clip-lower"),
  ]) func errorsNameTheFlag(arguments: [String], says: String) {
    #expect(message(arguments).contains(says), "\(message(arguments))")
  }

  @Test func helpAndCompletionsHaveThem() {
    let help = Command.helpMessage(columns: 200)
    #expect(help.contains("WHAT IS DECLARED:"))
    // The values are the default preset's, where the declared ones are blog's.
    let (photos, blog) = (TrainingConfiguration.defaultPreset, TrainingConfiguration.blog)
    #expect(photos.criticSteps != blog.criticSteps)
    #expect(help.contains("(preset: \(photos.criticSteps))."))
    #expect(help.contains("--batch-norm/--no-batch-norm"))
    #expect(help.contains("(values: random, center, top, bottom)"))
    for declaration in Everything.selected {
      #expect(help.contains(declaration.name.text(.flags)) && help.contains(declaration.help))
    }
    let completions = Command.completionScript(for: .zsh)
    for word in ["--batch-size", "--no-critic-batch-norm", "conv-norm-act"] { #expect(completions.contains(word)) }
  }
}
