import '@mantine/notifications/styles.css';
import { Notifications } from '@mantine/notifications';

/** Where short messages appear: `notifications.show({ message })`. */
export const Messages = () => <Notifications position="bottom-right" />;
