import ArgumentParser
import Subprocess
import ConnmixDurable

@main struct Main: AsyncParsableCommand { mutating func run() async throws { print("x") } }
