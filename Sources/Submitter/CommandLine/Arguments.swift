import ArgumentParser
import Shared

/// Words that arguments take, in small or capital letters. Others are refused with a list of them.
extension Provider: ExpressibleByArgument {
    package init?(argument: String) { self.init(anyCase: argument) }
}

extension CatalogKind: ExpressibleByArgument {
    package init?(argument: String) { self.init(anyCase: argument) }
}

extension AlertKind: ExpressibleByArgument {
    package init?(argument: String) { self.init(anyCase: argument) }
}
