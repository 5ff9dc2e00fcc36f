import ArgumentParser
import Shared

/// Words that arguments take, in small or capital letters. Others are refused with a list of them.
extension Provider: ExpressibleByArgument {
    package init?(argument: String) { self.init(anyCase: argument) }
}

extension AuditKind: ExpressibleByArgument {
    package init?(argument: String) { self.init(anyCase: argument) }
}

extension Budget.Period: ExpressibleByArgument {
    package init?(argument: String) { self.init(anyCase: argument) }
}

extension AlertKind: ExpressibleByArgument {
    package init?(argument: String) { self.init(anyCase: argument) }
}
