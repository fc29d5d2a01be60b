//! Aligned Markdown tables, and how numbers look in them.

/// Rows of cells, written with columns aligned.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(header: Vec<String>) -> Self {
        Self { rows: vec![header] }
    }

    pub(crate) fn push(&mut self, mut row: Vec<String>) {
        row.resize(self.rows[0].len(), String::new());
        self.rows.push(row);
    }

    pub(crate) fn text(&self) -> String {
        let width = |column: usize| {
            self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.rows[0].len()).map(width).collect();
        let mut text = String::new();
        for (index, row) in self.rows.iter().enumerate() {
            for (cell, width) in row.iter().zip(&widths) {
                text += &format!("| {cell:width$} ");
            }
            text += "|\n";
            if index == 0 {
                for width in &widths {
                    text += &format!("| {} ", "-".repeat(*width));
                }
                text += "|\n";
            }
        }
        text
    }
}

pub(crate) fn number(value: Option<f64>) -> String {
    match value {
        None => "n/a".to_owned(),
        Some(value) if value >= 1000.0 => format!("{value:.0}"),
        Some(value) if value >= 10.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.2}"),
    }
}

pub(crate) fn number_or_dash(value: Option<f64>) -> String {
    if value.is_none() { "-".to_owned() } else { number(value) }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn tables_are_aligned() {
        let mut table = Table::new(vec!["a".to_owned(), "bcd".to_owned()]);
        table.push(vec!["long".to_owned()]);
        assert_eq!(table.text(), "| a    | bcd |\n| ---- | --- |\n| long |     |\n");
    }
}
