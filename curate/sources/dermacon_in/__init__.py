"""DermaCon-IN: photographs of Indian clinics, many of them cut into several crops."""
